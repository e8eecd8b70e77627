import type en from '../en/quic-views.ts'

/** QUIC 各视图的文字。 */
export default {
  quic: {
    title: 'QUIC 数据包',
    label: '客户端与服务器之间的 QUIC 包及其帧，时间自上而下',
    empty: 'QUIC 包发出后显示在这里。',
    spurious: '其实没有丢失',
    buffered: '先于密钥到达',
    key_phase: '密钥阶段 {phase}（第 {generation} 次更新）',
    header: '首部形式',
    short_header: '短首部',
    long_header: '长首部',
    space: '包号空间',
    size: '大小',
    phase: '密钥阶段（更新次数）',
    path: '路径',
    sent: '发送',
    buffered_at: '先于密钥到达',
    received: '接收',
    acked: '确认',
    lost: '判定丢失',
    beside: '此数据报中的包',
    frames: '帧',
  },
  acks: {
    title: '包号',
    label: '一个方向的包号随时间的变化：发送、接收、确认、丢失',
    empty: '发出第一个 QUIC 包后显示包号。',
  },
  credit: {
    title: '流量控制额度',
    label: '连接与各个流的流量控制额度随时间的变化',
    empty: 'QUIC 或 HTTP/2 连接打开后显示额度。',
  },
  paths: {
    title: '路径',
    label: '每条连接的地址与路径随时间的变化，以及主机移动时的交付间断',
    empty: '建立第一条连接后显示路径。',
  },
  qpack: {
    title: 'QPACK',
    label: 'QPACK 指令、动态表与字段区段',
    empty: '使用 HTTP/3 后显示 QPACK。',
  },
} satisfies typeof en
