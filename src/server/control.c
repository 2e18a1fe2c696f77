/* control.c: DIR/control.sock, for commands that need the running server. One line asks, lines answer:
 *
 *   backup DIR     done | error SENTENCE
 *
 * Only the owner of the data directory can open the socket (mode 0600), so nothing is signed. */
#include <stdio.h>
#include <stdlib.h>

#include "server/room.h"

enum { LINE_BYTES_MAX = 4096, CALLERS_MAX = 8 };

struct control {
    struct server *server;
    struct os_listener *listener;
    struct list callers;
    size_t caller_count;
    bool copying;              /* a backup is under way */
    struct caller *backing_up; /* who waits for it; NULL when nobody does (any more) */
};

struct caller {
    struct list link; /* in control->callers */
    struct control *control;
    struct os_socket *socket;
    struct buf line, answer;
    bool asked, closing;
};

/* The last of listener, callers and backup lets go. */
static void control_free(struct control *control)
{
    if (control->listener == NULL && control->caller_count == 0 && !control->copying)
        free(control);
}

static void caller_close(struct caller *caller)
{
    if (caller->closing)
        return;
    caller->closing = true;
    os_socket_close(caller->socket);
}

static void wrote(void *ctx, enum err err)
{
    (void)err;
    caller_close(ctx);
}

static void say(struct caller *caller, const char *word, const char *sentence)
{
    struct os_iov iov;

    buf_fmt(&caller->answer, "%s%s%s\n", word, sentence[0] ? " " : "", sentence);
    iov = (struct os_iov){ caller->answer.at, caller->answer.size };
    if (caller->answer.err != OK || caller->closing)
        caller_close(caller);
    else
        os_socket_write(caller->socket, &iov, 1, wrote);
}

static const char *backup_sentence(enum err err)
{
    return err == ERR_EXISTS ? "the destination is there already and is no empty directory" : err_sentence(err);
}

static void backup_done(void *ctx, enum err err)
{
    struct control *control = ctx;
    struct server *server = control->server;
    struct caller *caller = control->backing_up;

    if (err == OK)
        LOG(&server->logger, server_now(server), backup_done, LOG_TEXT("data", str_of(server->dir)));
    else
        LOG(&server->logger, server_now(server), backup_failed, LOG_TEXT("reason", str_of(backup_sentence(err))));
    control->copying = false;
    control->backing_up = NULL;
    if (caller)
        say(caller, err == OK ? "done" : "error", err == OK ? "" : backup_sentence(err));
    control_free(control);
}

static void backup(struct caller *caller, const char *to)
{
    struct control *control = caller->control;
    struct server *server = control->server;
    enum err err = control->copying ? ERR_IN_USE : OK;

    if (err == OK)
        err = backup_begin(server, to, backup_done, control);
    if (err != OK) {
        say(caller, "error", err == ERR_IN_USE ? "another backup is under way" : err_sentence(err));
        return;
    }
    control->copying = true;
    control->backing_up = caller;
    LOG(&server->logger, server_now(server), backup_begun, LOG_TEXT("to", str_of(to)));
}

static void asked(struct caller *caller)
{
    str line = str_slice(buf_str(&caller->line), 0, str_index(buf_str(&caller->line), '\n'));

    caller->asked = true;
    caller->line.at[line.size] = 0;
    if (str_starts(line, STR("backup /")))
        backup(caller, line.at + STR("backup ").size);
    else
        say(caller, "error", "the control socket knows: backup /ABSOLUTE/DIRECTORY");
}

static void bytes(void *ctx, char *at, size_t size)
{
    struct caller *caller = ctx;

    if (caller->asked)
        return;
    buf_append(&caller->line, str_bytes(at, size));
    if (caller->line.err != OK)
        caller_close(caller);
    else if (str_index(buf_str(&caller->line), '\n') < caller->line.size)
        asked(caller);
}

static void end(void *ctx, enum err err)
{
    struct caller *caller = ctx;

    if (err != ERR_CLOSED || !caller->asked)
        caller_close(caller);
}

static void closed(void *ctx)
{
    struct caller *caller = ctx;
    struct control *control = caller->control;

    if (control->backing_up == caller)
        control->backing_up = NULL;
    list_remove(&caller->link);
    control->caller_count--;
    buf_deinit(&caller->line);
    buf_deinit(&caller->answer);
    free(caller);
    control_free(control);
}

static const struct os_socket_events events = { .bytes = bytes, .end = end, .closed = closed };
static const struct os_socket_events refused = { 0 };

static void accept_caller(void *ctx, struct os_socket *socket, str peer)
{
    struct control *control = ctx;
    struct caller *caller = control->caller_count < CALLERS_MAX ? calloc(1, sizeof(*caller)) : NULL;

    (void)peer;
    if (caller == NULL) {
        os_socket_start(socket, &refused, NULL);
        os_socket_close(socket);
        return;
    }
    caller->control = control;
    caller->socket = socket;
    buf_init(&caller->line, LINE_BYTES_MAX);
    buf_init(&caller->answer, LINE_BYTES_MAX);
    list_push(&control->callers, &caller->link);
    control->caller_count++;
    os_socket_start(socket, &events, caller);
}

enum err control_start(struct server *server)
{
    struct control *control;
    char address[PATH_BYTES];
    struct os_listen listen = { .backlog = CALLERS_MAX, .accept = accept_caller };
    enum err err;

    if (server->lock == NULL)
        return OK;
    control = calloc(1, sizeof(*control));
    if (control == NULL)
        return ERR_NO_MEMORY;
    control->server = server;
    list_init(&control->callers);
    (void)snprintf(address, sizeof(address), "unix:%.3900s/control.sock", server->dir);
    listen.address = str_of(address);
    listen.ctx = control;
    err = os_listen(server->loop, &listen, &control->listener);
    if (err != OK) {
        free(control);
        return err;
    }
    server->control = control;
    return OK;
}

void control_stop(struct server *server)
{
    struct control *control = server->control;

    if (control == NULL)
        return;
    os_listener_close(control->listener);
    control->listener = NULL;
    list_each(link, &control->callers)
        caller_close(container_of(link, struct caller, link));
    server->control = NULL;
    control_free(control);
}
