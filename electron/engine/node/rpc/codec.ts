/** Requests and answers as bytes: in JSON, and in Protocol Buffers with a schema that both sides know beforehand. */
import protobuf from 'protobufjs/light.js'
import * as v from 'valibot'
import type { RpcStyle } from '../../../../shared/messaging.ts'
import type { ReadReply, ReadRequest } from './sensors.ts'

/** Decoders are total: undefined where the bytes are no such message. */
export interface Codec {
  encodeRequest(request: ReadRequest): Uint8Array
  decodeRequest(bytes: Uint8Array): ReadRequest | undefined
  encodeReply(reply: ReadReply): Uint8Array
  decodeReply(bytes: Uint8Array): ReadReply | undefined
}

const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
const RequestSchema = v.object({ sensor: v.string(), from: whole, count: whole })
const ReplySchema = v.object({
  readings: v.array(v.object({ time: whole, temperature: v.number(), humidity: whole })),
})

/** undefined: it does not fit the schema, or could not even be read. */
function checked<S extends v.GenericSchema>(schema: S, read: () => unknown): v.InferOutput<S> | undefined {
  try {
    const result = v.safeParse(schema, read())
    return result.success ? result.output : undefined
  } catch {
    return undefined
  }
}

const json = (bytes: Uint8Array) => (): unknown => JSON.parse(Buffer.from(bytes).toString())

const JSON_CODEC: Codec = {
  encodeRequest: (request) => Buffer.from(JSON.stringify(request)),
  decodeRequest: (bytes) => checked(RequestSchema, json(bytes)),
  encodeReply: (reply) => Buffer.from(JSON.stringify(reply)),
  decodeReply: (bytes) => checked(ReplySchema, json(bytes)),
}

const { Field, Root, Type } = protobuf
const root = new Root()
  .define('lab')
  .add(
    new Type('ReadRequest')
      .add(new Field('sensor', 1, 'string'))
      .add(new Field('from', 2, 'uint32'))
      .add(new Field('count', 3, 'uint32')),
  )
  .add(
    new Type('Reading')
      .add(new Field('time', 1, 'uint64'))
      .add(new Field('temperature', 2, 'float'))
      .add(new Field('humidity', 3, 'uint32')),
  )
  .add(new Type('ReadReply').add(new Field('readings', 1, 'Reading', 'repeated')))

const REQUEST = root.lookupType('ReadRequest')
const REPLY = root.lookupType('ReadReply')
/** Absent fields have their default values (proto3); 64 bits become a number, which holds 53 of them. */
const AS_OBJECT = { longs: Number, defaults: true, arrays: true } as const

const PROTOBUF_CODEC: Codec = {
  encodeRequest: (request) => REQUEST.encode(REQUEST.fromObject({ ...request })).finish(),
  decodeRequest: (bytes) => checked(RequestSchema, () => REQUEST.toObject(REQUEST.decode(bytes), AS_OBJECT)),
  encodeReply: (reply) => REPLY.encode(REPLY.fromObject({ ...reply })).finish(),
  decodeReply: (bytes) => checked(ReplySchema, () => REPLY.toObject(REPLY.decode(bytes), AS_OBJECT)),
}

export const CODECS: Readonly<Record<RpcStyle, Codec>> = { json: JSON_CODEC, grpc: PROTOBUF_CODEC }
