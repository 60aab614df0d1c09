"""A capture service for events that every PostHog SDK can use by changing its host.

A request passes these modules from top to bottom, each one once:

    app            routes a path to its handler and renders errors
    http           bodies within a memory budget, responses, CORS
    v0, v1         the wire formats: parse a request into a batch, render its outcome
      decoding, lz64               undo compression, base64 and forms
      json_body, malformed_json    split a body into events, even if it is partly broken
      tokens, uuids                project tokens and event ids
    batch          the common form of both: Batch, Event, Rejected, Outcome
    capture        the one path of a batch to Kafka, slice by slice
      envelope, timestamps         stamp an event and choose its topic and key
    sink           the Kafka client and its acknowledgements

Beside them: `sdk_stubs` answers what SDKs ask besides sending events, `client_ip` finds the sender's address
behind proxies, and `mirror` forwards events from Kafka to a real PostHog. `settings`, `errors` and `metrics`
are used throughout.
"""
