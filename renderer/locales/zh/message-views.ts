import type en from '../en/message-views.ts'

/** 消息各视图的文字：逐字节报文、投递、远程调用、分帧；以及 MQTT 与旅程两个视图的标题。 */
export default {
  journey: { title: '旅程' },
  mqtt: { title: 'MQTT' },
  pdus: {
    title: '逐字节报文',
    label: 'MQTT、DNS、WebSocket、gRPC 与 ARP 报文，以及选中报文的字节',
    empty: '报文发出后显示在这里。',
    bytes: '{protocol} 报文的字段与字节',
    filter: '过滤：mqtt  publish  client  problem  -pingreq',
    filter_hint:
      '各词须同时成立：client 与 server 表示发送方，problem 表示违反规则；其他词在协议、类型与内容中查找。词前加减号表示取反。',
    count: '{shown} / {total}',
    time: '时间 (s)',
    from: '发送方',
    protocol: '协议',
    type: '类型',
    contents: '内容',
    length: '字节',
    none: '没有报文符合过滤条件。',
  },
  deliveries: {
    title: '投递',
    label: '每条消息的结局：送达、丢失、重复、迟到或错误，以及所用的时间',
    empty: '应用发出消息后显示在这里。',
    hint: '每行是一条消息与一个接收方，可指向或点击。滚轮：移动行；Ctrl 加滚轮：缩放。',
    message: '#{number}（{channel}）发往 {receiver}：{size}，{sent} 发出',
    unasked: '发出时没有订阅',
    open: '尚未到达',
    lost: '始终没有送达',
    after: '{span} 后送达',
    late: '晚于后发的消息',
    again: '{times} 又送达一次',
  },
  calls: {
    title: '调用',
    label: '远程调用随时间的变化，以及字节花在何处',
    empty: '客户端发起调用后显示在这里。',
  },
  framing: {
    title: '分帧',
    label: '字节流：其中的消息、写入、报文段与读取',
    empty: '消息写入字节流后显示在这里。',
  },
} satisfies typeof en
