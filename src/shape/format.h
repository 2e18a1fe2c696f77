/* format.h: how values are written on the wire. The tables are the same for all; what differs is a parameter. */
#pragma once

enum format_wire {
    FORMAT_JSON, /* blobs are base64 */
    FORMAT_CBOR, /* blobs are byte strings */
};

/* What a timestamp is. JSON reads and writes seconds whatever is said here. */
enum format_time {
    FORMAT_SECONDS,        /* a number, the fraction holds milliseconds */
    FORMAT_MILLISECONDS,   /* an integer (tags are ignored); a float is read as seconds */
    FORMAT_TAGGED_SECONDS, /* tag 1, then seconds */
};

struct format {
    enum format_wire wire;
    enum format_time time;
};

/* AWS JSON 1.0 and 1.1 and the bodies of REST-JSON; AWS CBOR 1.1 (also our durable records); Smithy RPC v2 CBOR. */
extern const struct format format_aws_json, format_aws_cbor, format_rpc_cbor;
