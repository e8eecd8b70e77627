/**
 * What lies between hosts besides links: switches and routers (DESIGN 4.1).
 *
 * Addresses are written as those of the first lane, `10.77.n.x` with n from 0 to 15 for the networks of a lane. Lane i has the same
 * ones in 10.77.(16 i).0/20 when it has routers; a lane of one network has 10.77.i.0/24.
 */
import * as v from 'valibot'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))

/** Number of a network of the lane: the third part of its addresses in the first lane. */
export const NetworkNumber = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(15))
/** The last part of an address. */
export const HostNumber = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(254))

/** A learning bridge (IEEE 802.1D 7.8): its ports are the links that name it, in their order. */
export const SwitchSetup = v.strictObject({
  /** An address that was silent for so long is forgotten. */
  aging: v.optional(span, 300_000_000),
})
export type SwitchSetup = v.InferOutput<typeof SwitchSetup>

/** A prefix such as `10.77.3.0/24` or `0.0.0.0/0`, in the addresses of the first lane. */
const prefix = v.pipe(v.string(), v.regex(/^\d{1,3}(\.\d{1,3}){3}\/([0-9]|[12][0-9]|3[0-2])$/))

/** A router (RFC 1812): interfaces, and routes beyond the networks that these are in. */
export const RouterSetup = v.strictObject({
  interfaces: v.pipe(
    v.array(v.strictObject({ link: name, network: NetworkNumber, number: HostNumber })),
    v.minLength(1),
    v.maxLength(16),
  ),
  /** The longest prefix that fits is used (RFC 1812 5.2.4.3); `via` is a router on a network of this one. */
  routes: v.optional(v.array(v.strictObject({ to: prefix, via: name })), []),
})
export type RouterSetup = v.InferOutput<typeof RouterSetup>
