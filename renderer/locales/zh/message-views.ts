import type en from '../en/message-views.ts'

/** 消息各视图的文字：逐字节报文、投递、远程调用、分帧；以及 MQTT 与旅程两个视图的标题。 */
export default {
  journey: { title: '旅程' },
  mqtt: { title: 'MQTT' },
  pdus: {
    title: '逐字节报文',
    label: 'MQTT、DNS、WebSocket、gRPC 与 ARP 报文，以及选中报文的字节',
    empty: '报文发出后显示在这里。',
  },
  deliveries: {
    title: '投递',
    label: '每条消息的结局：送达、丢失、重复、迟到或错误，以及所用的时间',
    empty: '应用发出消息后显示在这里。',
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
