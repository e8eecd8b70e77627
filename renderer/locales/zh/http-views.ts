import type en from '../en/http-views.ts'

/** 请求、流与帧各视图的文字。 */
export default {
  layers: {
    title: '层次',
    label: '同一方向的 TCP 报文段、TLS 记录、帧与请求上下对照',
    empty: '连接开始传输数据后显示各层。',
  },
  waterfall: {
    title: '瀑布图',
    label: '请求随时间的变化：排队、建连、等待、接收',
    empty: '客户端发起请求后显示在这里。',
    hint: '指向一个请求可查看说明；点击后在所有视图中选中它。',
    via: '连接 {connection}，{version}，交换 {exchange}',
    attempt: '第 {n} 次尝试',
    coded: '{size}（{encoding} 编码后 {encoded}）',
    initiator: '由 #{initiator} 引发',
    failed: '失败：{error} {message}',
    source: { cache: '来自缓存，没有发出请求', validated: '304：缓存仍然有效', push: '服务器推送' },
  },
  streams: {
    title: '流',
    label: '每个流随时间的变化：传输中、自身阻塞、交叉阻塞、记录阻塞',
    empty: 'HTTP 字节到达后显示各个流。',
    hint: '指向一行可查看说明；点击选中该流及其等待的包。滚轮：移动各行，Ctrl 加滚轮：缩放。',
    whole: '{name}：{size}，{from} 至 {to} 到达',
    by_loss: '{name}：{condition} {span}，滞留 {bytes}；丢失：{lost}，由 #{brought} 重传',
    overtaken: '{name}：{condition} {span}，滞留 {bytes}；#{brought} 在途中被超越',
    open: '{name}：{condition}已 {span}，滞留 {bytes}；丢失：{lost}',
    in_record: '{name}：{condition} {span}，滞留 {bytes}，直到 #{brought} 补全 TLS 记录',
  },
  frames: { title: '帧', label: '所有 HTTP/2 帧', empty: '使用 HTTP/2 后显示帧；HTTP/1.1 没有帧。' },
} satisfies typeof en
