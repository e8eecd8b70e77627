import type en from '../en/views.ts'

/** 各视图的文字；图表上的文字在 `shared/charts/texts.ts`，因为导出时也要用。 */
export default {
  view: {
    lane: '组',
    zoom_in: '放大',
    zoom_out: '缩小',
    follow: '重新跟随运行',
    drop: '丢弃包 {pkt}',
    fate: {
      under_way: '在途',
      delivered: '已到达',
      dropped: '丢失',
      fragmented: '被分片',
    },
    topology: {
      title: '拓扑',
      label: '主机、链路、队列与线路上的数据包',
      empty: '运行开始后显示网络。',
      in_flight: '在途',
      lost: '丢失',
    },
    ladder: {
      title: '时序图',
      label: '客户端与服务器之间的数据包，时间自上而下',
      empty: '数据包发出后显示在这里。',
      cut_short: '数据包过多，请放大',
      fold: '折叠长时间的静默',
    },
    windows: {
      title: '窗口',
      label: '拥塞窗口、慢启动阈值、在途字节与接收窗口随时间的变化',
      empty: '连接开始建立后显示窗口。',
    },
    rtt: {
      title: '往返时间',
      label: '往返时间样本、SRTT 与 RTO 随时间的变化',
      empty: '收到第一个确认后显示往返时间。',
    },
    sequence: {
      title: '序列号',
      label: '已发送与已确认的序列号随时间的变化',
      empty: '发出第一个报文段后显示序列号。',
    },
    goodput: {
      title: '吞吐量',
      label: '接收端应用读取字节的速率随时间的变化',
      empty: '接收端应用读到数据后显示有效吞吐量。',
    },
    queue: {
      title: '队列',
      label: '链路队列中的字节随时间的变化',
      empty: '没有包需要排队：不限速的链路没有队列。',
    },
    stalls: {
      title: '停顿原因',
      label: '发送方在等什么：时间占比，以及随时间的变化',
      empty: '从第一个包开始统计。',
    },
    states: {
      title: '连接状态',
      label: '两端的连接状态随时间的变化，以及监听端的队列',
      empty: '连接开始建立后显示状态。',
    },
    packets: {
      title: '数据包',
      label: '所有数据包',
      filter: '过滤：syn  lost  again  len>0  time>1.5  rto',
      filter_hint:
        '各词须同时成立：syn fin rst ack psh、data、lost、delivered、flying、copy、again；len> seq= ack= win= size> time> no=；其他词在节点名、重传原因、丢弃原因中查找。词前加减号表示取反。',
      problem: '无法理解：{word}',
      count: '{shown} / {total}',
      no: '编号',
      time: '时间 (s)',
      from: '发送方',
      flags: '标志',
      seq: '序列号',
      ack: '确认号',
      len: '字节',
      window: '窗口 (B)',
      cause: '重传原因',
      fate: '结局',
      copy: '副本',
      empty: '数据包发出后显示在这里。',
      none: '没有包符合过滤条件。',
    },
    bytes: {
      label: '包 {pkt} 的字段与字节',
      fields: '字段',
      cut: '按截取长度保存：共 {length} 字节，保留了 {kept} 字节。',
      more: '另有 {count} 字节未显示。',
    },
    timeline: {
      label: '运行的时刻',
      scale: '最高：{span} 内 {count} 个包',
      play: '让光标走过整个记录',
      pause: '停住光标',
      speed: '光标走动时实验时间与挂钟时间之比',
      whole: '显示整个运行',
      newest: '跟随最新',
    },
  },
} satisfies typeof en
