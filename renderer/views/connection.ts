/** The connection that a view of a single one shows: the one that is chosen, else the first of the lane. */
import { computed, type ComputedRef } from 'vue'
import type { TraceStore } from '../../shared/trace/store.ts'
import { useSelection } from '../stores/selection.ts'
import { useTrace } from '../stores/trace.ts'
import { useLane } from './lane.ts'

export interface Connection {
  /** Number of the flow's name. */
  readonly id: number
  readonly name: string
  /** Its number in the list and its ports. */
  readonly label: string
}

/**
 * `flows` gives the flows of a lane that the view knows of; it is asked anew as the recording grows. Flows of all lanes
 * may be given, others than the lane's are left out.
 */
export function useConnection(flows: (store: TraceStore) => Iterable<{ flow: number; lane: string }>): {
  readonly connections: ComputedRef<readonly Connection[]>
  readonly connection: ComputedRef<Connection | undefined>
  /** Other lanes have what the view shows, this one has nothing of it. */
  readonly isElsewhere: ComputedRef<boolean>
} {
  const trace = useTrace()
  const selection = useSelection()
  const { lane } = useLane()
  const connections = computed<readonly Connection[]>((before) => {
    void trace.version.value
    const store = trace.store.value
    const now = [...flows(store)]
      .filter((one) => one.lane === lane.value)
      .map(({ flow }, i) => connectionOf(store.text(flow), flow, i + 1))
    const isSame = before?.length === now.length && before.every(({ name }, i) => name === now[i].name)
    return isSame ? before : now
  })
  const connection = computed(
    () => connections.value.find(({ name }) => name === selection.flow) ?? connections.value[0],
  )
  const isElsewhere = computed(() => {
    void trace.version.value
    return connections.value.length === 0 && [...flows(trace.store.value)].length > 0
  })
  return { connections, connection, isElsewhere }
}

/** Within a lane the ports tell connections apart; the client's comes first in most. */
const connectionOf = (name: string, id: number, number: number): Connection => ({
  id,
  name,
  label: `${number}  ${name.replace(/\d+\.\d+\.\d+\.\d+(?=:\d+)/g, '').replace('-', ' – ')}`,
})
