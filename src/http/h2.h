/* h2.h: HTTP/2 on one connection, around a session of nghttp2. Private to the room. */
#pragma once

#include "http/http.h"

struct h2;

must_use enum err h2_create(struct http_conn *conn);
void h2_destroy(struct http_conn *conn);

/* All input is used. */
void h2_input(struct http_conn *conn, const char *at, size_t size);
void h2_memory_freed(struct http_conn *conn);

/* Pull frames into conn->out, as long as that is short. */
void h2_pump(struct http_conn *conn);

/* Tell the owner what has changed for him since the last call: streams that died, streams with room. */
void h2_tell(struct http_conn *conn);

/* Since when an answer is stuck is set at the first call after its last progress that brings the clock. */
void h2_stamp(struct http_conn *conn);

void h2_shutdown(struct http_conn *conn);
int64_t h2_deadline(const struct http_conn *conn);
void h2_timeout(struct http_conn *conn);
bool h2_finished(const struct http_conn *conn);
bool h2_idle(const struct http_conn *conn); /* no stream is there, nor the beginning of one */

void h2_respond(struct http_request *request, const struct http_response *response);
void h2_stream_begin(struct http_request *request, const struct http_response *response);
size_t h2_stream_room(const struct http_request *request);
void h2_stream_write(struct http_request *request, const struct http_piece *piece);
void h2_stream_end(struct http_request *request);
size_t h2_unsent(const struct http_conn *conn);
