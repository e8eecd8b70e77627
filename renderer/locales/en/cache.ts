/** Words of the cache's decision tree, those of RFC 9111. */
export default {
  title: 'Cache',
  label: 'The way of each request through the cache',
  empty: 'Decisions show once a client with a cache wants something.',
  none: 'The cache was not asked: the client has none, or the method is not one that it answers.',
  requests: 'Requests',
  tree: 'Decisions of the cache',
  saved:
    'Saved: {bytes}, round trips: {trips}. Of {requests} requests {cache} from the cache, {validated} validated.',
  cost: '{content} of content, {encoded} of it over the network, in {span}',
  yes: 'yes',
  no: 'no',
  outcome: {
    cache: 'from the cache',
    validated: 'validated (304)',
    fetched: 'fetched',
    failed: 'failed',
    pending: 'under way',
  },
  question: {
    stored: 'Is a response stored?',
    lifetime: 'How long is it fresh? The first that says',
    fresh: 'Is it fresh: younger than that?',
    validator: 'Has it a validator, to ask whether it still holds?',
    not_modified: 'The server was asked: 304 Not Modified?',
    no_store: 'A whole response: does no-store keep it out?',
  },
  part: {
    max_age: 'max-age',
    expires: 'Expires',
    heuristic: 'heuristic',
    etag: 'ETag',
    last_modified: 'Last-Modified',
  },
  leaf: {
    fetch: 'Fetch it whole',
    use: 'Use it: nothing crosses the network',
    refresh: 'Use it, made fresh again: only fields have crossed',
    not_kept: 'Not kept',
    kept: 'Stored for the next time',
  },
}
