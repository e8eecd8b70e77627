/** Topic names and topic filters (MQTT 3.1.1 4.7). */
import type { MqttFieldReader } from './field-reader.ts'

/** The topic name that was read last. MQTT 5 may have none where an alias stands for it (3.3.2.3.4). */
export function checkTopicName(reader: MqttFieldReader, topic: string): void {
  if (topic === '') reader.breaks(reader.rules.topicEmpty, 'an empty topic name')
  else if (topic.includes('#') || topic.includes('+'))
    reader.breaks(reader.rules.topicWildcard, 'a wildcard in a topic name')
}

/** The topic filter that was read last. */
export function checkFilter(reader: MqttFieldReader, filter: string): void {
  const { rules } = reader
  if (filter === '') return reader.breaks(rules.topicEmpty, 'an empty topic filter')
  const hash = filter.indexOf('#')
  if (hash >= 0 && (hash !== filter.length - 1 || (hash > 0 && filter[hash - 1] !== '/')))
    return reader.breaks(rules.multiLevel, '# is not alone in the last level')
  if (!filter.includes('+')) return
  const wrong = filter.split('/').some((level) => level.length > 1 && level.includes('+'))
  if (wrong) reader.breaks(rules.singleLevel, '+ is not alone in its level')
}
