/** What two ends have agreed on when they opened a WebSocket (RFC 6455 9.1, RFC 7692 7). */

/** Whether a response's Sec-WebSocket-Extensions fields turn on permessage-deflate. */
export const agreesToDeflate = (values: readonly string[]): boolean =>
  values.some((value) => value.split(',').some((offer) => /^\s*permessage-deflate\s*(;|$)/i.test(offer)))
