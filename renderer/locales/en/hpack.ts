/** Words of header compression, those of RFC 7541. */
export default {
  title: 'HPACK',
  label: 'Header blocks and the dynamic tables that they are read with',
  empty: 'Header blocks show once HTTP/2 is spoken.',
  absent: 'No header blocks of HTTP/2 in this lane: HTTP/1.1 sends headers as text, HTTP/3 has QPACK.',
  blocks: 'Header blocks',
  hits: 'whole fields from the static table {static}, from the dynamic table {dynamic}; literals {literal}',
  block: 'stream {stream}: {before} in HTTP/1.1, {after} on the wire, {share} less',
  fields: 'Fields of the header block',
  field: 'Field',
  form_title: 'Representation',
  before: 'HTTP/1.1 (B)',
  after: 'On the wire (B)',
  static: 'static',
  dynamic: 'dynamic',
  huffman: 'Huffman',
  short: {
    indexed: 'indexed',
    literal_indexed: 'literal, indexed',
    literal: 'literal',
    literal_never_indexed: 'literal, never indexed',
    indexed_post_base: 'indexed, post-base',
    name_reference: 'literal, name from the table',
    name_reference_post_base: 'literal, name post-base',
  },
  form: {
    indexed: 'Indexed field: one number stands for name and value (RFC 7541 6.1).',
    literal_indexed:
      'Literal with incremental indexing: goes into the dynamic table for the next time (6.2.1).',
    literal: 'Literal without indexing: leaves the table alone (6.2.2).',
    literal_never_indexed:
      'Literal never indexed: no proxy on the way may put it into a table, so that it cannot be guessed (6.2.3).',
    indexed_post_base:
      'Indexed field of an entry that was inserted after the base of this section (RFC 9204 4.5.3).',
    name_reference: 'Literal value with the name of an entry (4.5.4).',
    name_reference_post_base: 'Literal value with the name of an entry inserted after the base (4.5.5).',
  },
  table: { client: 'Table of requests', server: 'Table of responses' },
  table_empty: 'Empty: nothing has been indexed yet.',
  evicted: 'evicted',
  more: 'and {count} more | and {count} more',
}
