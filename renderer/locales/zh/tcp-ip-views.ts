import type en from '../en/tcp-ip-views.ts'

/** TCP 与 IP 深入部分各视图的文字；图表上的文字在 `shared/charts/tcp-ip-texts.ts`。 */
export default {
  probes: {
    title: 'Ping 与 traceroute',
    label: 'ping 与 traceroute 的探测：谁在多久之后应答，哪些无人应答',
    empty: 'ping 或 traceroute 发出探测后显示在这里。',
  },
  routes: {
    title: '路由',
    label: '各路由器与主机的路由表，以及转发数据包时用到的那一行',
    empty: '运行开始后显示路由表。',
    none: '这一组没有路由表：主机直接位于一条链路的两端。',
    prefix: '目的网络',
    via: '下一跳',
    interface: '接口',
    used: '使用次数',
    direct: '直连网络',
    destination: '目的地址 {address}',
    bits: '匹配位数',
    at: '{time}',
    packet: '包 {pkt}',
    ttl: 'TTL {before} → {after}',
    given_up: '放弃：{reason}',
    table: '{node} 的路由表',
    hint: '点亮的是转发选中的包时用到的那一行；下划线标出目的地址中与它匹配的各位。',
  },
  fragments: {
    title: '分片',
    label: '被分片的数据报随时间的变化：哪些分片丢了，是否最终重组完成',
    empty: '有数据报被分片后显示在这里。',
    hint: '一行是一个数据报，行内一块是一个分片及其字节：指向或点击。滚轮：翻行；Ctrl 加滚轮：缩放。',
    cut: '{size}，{time} 由 {node} 分成 {count} 片',
    again: '重发（{cause}）',
    lost: '✕ 分片 {pkt}（字节 {from} 至 {to}）丢失：{reason}',
    open: '尚未重组',
  },
  writes: {
    title: '写入时延',
    label: '每次写入到对端读取所用的时间，以及是什么留住了它',
    empty: '应用写入且对端读取后显示在这里。',
  },
  held: {
    title: '接收缓冲区',
    label: '接收缓冲区中滞留的字节、它们之前的缺口，以及应用每次得到多少字节',
    empty: '数据到达后显示接收缓冲区。',
  },
  listener: {
    title: '监听队列',
    label: '监听端的半连接队列与全连接队列及其上限、被拒绝的连接与 cookie',
    empty: '客户端开始连接后显示队列。',
  },
  arq: {
    title: 'UDP 之上的重传',
    label: '按序号排列的数据包随时间的变化，以及收发双方的窗口',
    empty: '发送方发出数据包后显示在这里。',
  },
} satisfies typeof en
