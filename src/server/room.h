/* room.h: the one place that knows everybody: what the server is made of. The files of this room share it. */
#pragma once

#include "api/api.h"
#include "catalog/catalog.h"
#include "count/api.h"
#include "count/http.h"
#include "count/log.h"
#include "count/stream.h"
#include "http/http.h"
#include "http/tls.h"
#include "log/local/local.h"
#include "os/os.h"
#include "server/logger.h"
#include "server/serve.h"
#include "server/settings.h"
#include "stream/keyring.h"
#include "stream/stream.h"

enum { LISTENERS_MAX = 16, WHY_BYTES = 256, PATH_BYTES = 4096 };
enum { CREDENTIALS_BYTES_MAX = 16 << 20, CREDENTIALS_USERS_MAX = 100000 };

/* starting -> serving -> draining -> closing -> (gone) */
enum server_state { SERVER_STARTING, SERVER_SERVING, SERVER_DRAINING, SERVER_CLOSING };

struct server {
    const struct settings *settings;
    struct os *os;
    struct os_loop *loop;
    struct os_worker *worker;       /* small files: snapshots, vault, credentials */
    struct logger logger;
    struct os_timer turn;           /* lines of the log to hand over, peers that wait for memory */
    bool turn_armed;
    struct os_timer rest;           /* looks whether nobody asks any more */
    bool rest_armed;
    uint64_t rest_requests;         /* had been counted at the last look */
    enum server_state state;
    bool stop_asked;                /* by a signal, before it served */
    int exit_code;
    void (*serving)(void *ctx, bool serving);
    void (*resting)(void *ctx);
    void (*stopped)(void *ctx, int exit_code);
    void *stopped_ctx;
    uint64_t snapshot_bytes_min;

    char dir[PATH_BYTES];
    struct os_file *lock;
    struct log *log;
    struct catalog *catalog;
    struct streams *streams;
    struct keyring *keyring;
    struct os_job keys_job;         /* of the start: opens the keyring */
    struct keyring *keys_opened;
    enum err keys_err;
    char keys_why[WHY_BYTES];
    uint8_t token_key[SEAL_KEY_BYTES];
    struct iter_sealer *sealer;
    struct sigv4 *sigv4;
    struct api *api;
    struct tls_context *tls;
    struct stream_limits limits;
    struct http_config http;
    bool verifying;                 /* credentials are loaded */

    struct os_listener *listeners[LISTENERS_MAX];
    size_t listener_count;
    struct list conns;
    size_t conn_count, conn_peak;   /* now; the most since memory was given back to the system */
    size_t conn_max;                /* connections-max, or fewer if descriptors allow fewer */
    uint64_t refusals;              /* connections refused since a line of the log told */
    int64_t refusals_told_ms;
    int64_t memory_used;            /* bodies and answers */
    bool memory_refused;            /* somebody waits for some */
    struct os_timer grace, linger;
    struct os_message final;
    bool catalog_ready;             /* before, nobody may judge what of a log is still wanted */

    size_t declared;                /* streams of the settings that have been looked at */
    struct declare *declare;
    struct reload *reload;
    struct control *control;

    struct count_log count_log;
    struct count_stream count_streams;
    struct count_api count_api;
    struct count_http count_http;
};

ms server_now(const struct server *server);
int64_t server_now_ms(const struct server *server); /* monotonic, for http */

/* A failure that ends the server: told, and the exit code set. */
void server_fail(struct server *server, enum err err, str sentence);

/* conn.c */
void conn_accept(void *ctx, struct os_socket *socket, str peer);
void conn_answered(void *ctx, struct http_conn *http);
void conns_shutdown(struct server *server);
void conns_close(struct server *server);
void conn_config(struct server *server);
void conns_leave(struct server *server); /* a stop begins: the silent ones go at once */

/* Memory that came back is offered to those who wait for it. False: nobody waits any more, nothing is to be done. */
bool conns_turn(struct server *server);

/* What can wait a moment is done soon: see turn() in serve.c. */
void server_turn_soon(struct server *server);

/* Something was asked; see rest() in serve.c. */
void server_rest_later(struct server *server);

/* access.c: what the access log tells of a request. */
void access_of(const struct rq *rq, struct log_access *access);

/* plain.c: what is asked by GET and belongs to no service. False: not one of ours. */
bool plain_request(struct server *server, struct http_request *request);

/* files.c: what the data directory holds beside the log: lock, version, token key, certificates. Blocks; start-up. */
must_use enum err files_open(struct server *server, char *ret_why);
must_use enum err files_token_key(struct server *server, uint8_t ret_key[SEAL_KEY_BYTES], char *ret_why);
must_use enum err files_tls(struct server *server, char *ret_why);

/* declare.c: the streams of the settings; `done` when all exist. */
void declare_start(struct server *server, void (*done)(struct server *server));
void declare_look(struct server *server); /* the catalog has changed */
void declare_stop(struct server *server);

/* reload.c: the credentials file, read at start (blocks), put in force when there is an api, and again whenever it
 * changes. */
must_use enum err reload_read(struct server *server, char *ret_why);
must_use enum err reload_start(struct server *server, char *ret_why);
void reload_now(struct server *server);
void reload_stop(struct server *server);

/* notify.c: tell the service manager, if there is one: "READY=1", "STOPPING=1". */
void notify(str state);

/* keys.c: names the encrypted streams whose key the vault does not hold. */
void keys_check(struct server *server);

/* backup.c: `to` is an absolute path of a directory that is empty or will be made. */
must_use enum err backup_begin(struct server *server, const char *to, void (*done)(void *ctx, enum err err), void *ctx);

/* control.c: DIR/control.sock, for `leat backup`. */
must_use enum err control_start(struct server *server);
void control_stop(struct server *server);
