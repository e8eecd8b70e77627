import type en from '../en/views.ts'

/** 各视图与图表的文字。 */
export default {
  view: {
    topology: { title: '拓扑' },
    ladder: { title: '时序图' },
    windows: { title: '窗口' },
    rtt: { title: '往返时间' },
    sequence: { title: '序列号' },
    goodput: { title: '吞吐量' },
    queue: { title: '队列' },
    stalls: { title: '停顿原因' },
    states: { title: '连接状态' },
    packets: { title: '数据包' },
  },
} satisfies typeof en
