/**
 * The rules of MQTT that packets are held to, as each version numbers them: IBM's MQTT 3.1, OASIS MQTT 3.1.1 and MQTT 5. Version 3.1 has
 * no numbered statements, so its sections stand here; where the others say something without a number, theirs.
 */

export type MqttLevel = 3 | 4 | 5

/** MQTT 3.1, 3.1.1, 5. Empty: this version has no such rule. */
const NUMBERS = {
  packetType: ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.1', 'MQTT 5 2.1.2'],
  flags: ['', 'MQTT-2.2.2-2', 'MQTT-2.1.3-1'],
  remainingLength: ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.3', 'MQTT 5 1.5.5'],
  shortestInteger: ['', '', 'MQTT-1.5.5-1'],
  /** What the remaining length leaves room for, and no more. */
  room: ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.3', 'MQTT 5 2.1.4'],
  utf8: ['MQTT 3.1 2.5', 'MQTT-1.5.3-1', 'MQTT-1.5.4-1'],
  nullCharacter: ['', 'MQTT-1.5.3-2', 'MQTT-1.5.4-2'],
  packetId: ['MQTT 3.1 2.4', 'MQTT-2.3.1-1', 'MQTT-2.2.1-3'],
  sameId: ['MQTT 3.1 2.4', 'MQTT-2.3.1-6', 'MQTT-2.2.1-5'],

  connectFirst: ['MQTT 3.1 3.1', 'MQTT-3.1.0-1', 'MQTT-3.1.0-1'],
  connectOnce: ['MQTT 3.1 3.1', 'MQTT-3.1.0-2', 'MQTT-3.1.0-2'],
  protocolName: ['MQTT 3.1 3.1', 'MQTT-3.1.2-1', 'MQTT-3.1.2-1'],
  protocolLevel: ['MQTT 3.1 3.1', 'MQTT-3.1.2-2', 'MQTT-3.1.2-2'],
  connectReserved: ['', 'MQTT-3.1.2-3', 'MQTT-3.1.2-3'],
  noWillQos: ['', 'MQTT-3.1.2-13', 'MQTT-3.1.2-13'],
  willQos: ['MQTT 3.1 2.1', 'MQTT-3.1.2-14', 'MQTT-3.1.2-14'],
  noWillRetain: ['', 'MQTT-3.1.2-15', 'MQTT-3.1.2-15'],
  passwordAlone: ['MQTT 3.1 3.1', 'MQTT-3.1.2-22', ''],
  clientId: ['MQTT 3.1 3.1', 'MQTT-3.1.3-7', ''],

  connackFirst: ['MQTT 3.1 3.2', 'MQTT-3.2.0-1', 'MQTT-3.2.0-1'],
  connackOnce: ['', '', 'MQTT-3.2.0-2'],
  connackFlags: ['', 'MQTT 3.1.1 3.2.2.1', 'MQTT-3.2.2-1'],
  sessionPresent: ['', 'MQTT-3.2.2-4', 'MQTT-3.2.2-6'],
  connackCode: ['MQTT 3.1 3.2', 'MQTT 3.1.1 3.2.2.3', 'MQTT-3.2.2-8'],

  qos: ['MQTT 3.1 2.1', 'MQTT-3.3.1-4', 'MQTT-3.3.1-4'],
  dup: ['', 'MQTT-3.3.1-2', 'MQTT-3.3.1-2'],
  topicWildcard: ['MQTT 3.1 3.3', 'MQTT-3.3.2-2', 'MQTT-3.3.2-2'],
  topicEmpty: ['', 'MQTT-4.7.3-1', 'MQTT-4.7.3-1'],
  subscriptionIdentifier: ['', '', 'MQTT-3.3.4-6'],
  pubackCode: ['', '', 'MQTT-3.4.2-1'],
  pubrecCode: ['', '', 'MQTT-3.5.2-1'],
  pubrelCode: ['', '', 'MQTT-3.6.2-1'],
  pubcompCode: ['', '', 'MQTT-3.7.2-1'],

  subscribeEmpty: ['MQTT 3.1 3.8', 'MQTT-3.8.3-3', 'MQTT-3.8.3-2'],
  subscribeQos: ['MQTT 3.1 3.8', 'MQTT-3-8.3-4', 'MQTT 5 3.8.3.1'],
  subscribeReserved: ['', 'MQTT-3-8.3-4', 'MQTT-3.8.3-5'],
  noLocalShared: ['', '', 'MQTT-3.8.3-4'],
  multiLevel: ['MQTT 3.1 Appendix A', 'MQTT-4.7.1-2', 'MQTT-4.7.1-1'],
  singleLevel: ['MQTT 3.1 Appendix A', 'MQTT-4.7.1-3', 'MQTT-4.7.1-2'],
  subackEmpty: ['MQTT 3.1 3.9', 'MQTT-3.8.4-5', 'MQTT-3.8.4-6'],
  subackCode: ['MQTT 3.1 3.9', 'MQTT-3.9.3-2', 'MQTT-3.9.3-2'],
  unsubscribeEmpty: ['MQTT 3.1 3.10', 'MQTT-3.10.3-2', 'MQTT-3.10.3-2'],
  unsubackCode: ['', '', 'MQTT-3.11.3-2'],
  disconnectCode: ['', '', 'MQTT-3.14.2-1'],
  disconnectLast: ['', 'MQTT-3.14.4-2', 'MQTT-3.14.4-1'],
  authCode: ['', '', 'MQTT-3.15.2-1'],

  property: ['', '', 'MQTT 5 2.2.2.2'],
  topicAlias: ['', '', 'MQTT-3.3.2-8'],
} as const satisfies Record<string, readonly [string, string, string]>

export type MqttRule = keyof typeof NUMBERS
export type MqttRules = Readonly<Record<MqttRule, string>>

const rulesAt = (index: number): MqttRules =>
  Object.fromEntries(Object.entries(NUMBERS).map(([rule, ids]) => [rule, ids[index]])) as MqttRules

const RULES: Readonly<Record<MqttLevel, MqttRules>> = { 3: rulesAt(0), 4: rulesAt(1), 5: rulesAt(2) }

/** The numbers of all rules in the version of this protocol level. */
export const mqttRules = (level: MqttLevel): MqttRules => RULES[level]

export const isMqttLevel = (level: number): level is MqttLevel => level === 3 || level === 4 || level === 5
