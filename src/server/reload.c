/* reload.c: the credentials file, at start and whenever it changes.
 *
 * Its time of change is looked at every second, and at once on SIGHUP. A file that cannot be used leaves the former
 * users in force, and says so. */
#include <stdio.h>
#include <stdlib.h>

#include "server/room.h"

enum { LOOK_US = 1000000, ARENA_MAX = 4 << 20 };

/* In the place of a time of change: no file can be read there; nothing was looked at yet. */
enum { NO_FILE = 0, NOT_LOOKED = -1 };

struct reload {
    struct server *server;
    struct os_timer timer;
    struct os_job job;
    bool busy, stopped;
    ms modified;   /* of the file as it was last looked at, */
    uint64_t size; /* and its size */
    /* of a look */
    enum err err;
    bool changed;
    ms seen_modified;
    uint64_t seen_size;
    char *text;
    size_t text_size;
};

static void look_work(struct os_job *job)
{
    struct reload *reload = container_of(job, struct reload, job);
    struct server *server = reload->server;
    struct os_stat stat;

    reload->err = os_stat(server->os, server->settings->credentials, &stat);
    reload->seen_modified = reload->err == OK ? stat.modified : NO_FILE;
    reload->seen_size = reload->err == OK ? stat.size : 0;
    reload->changed = reload->seen_modified != reload->modified || reload->seen_size != reload->size;
    if (!reload->changed || reload->err != OK)
        return;
    reload->err =
        os_read_file(server->os, server->settings->credentials, CREDENTIALS_BYTES_MAX, &reload->text,
                     &reload->text_size);
}

/* Put a text in force. */
static enum err use(struct reload *reload, char *ret_why)
{
    static const struct credentials_bounds bounds = { .bytes_max = CREDENTIALS_BYTES_MAX,
                                                         .users_max = CREDENTIALS_USERS_MAX };
    struct server *server = reload->server;
    struct credentials *credentials;
    struct arena arena;
    str sentence = { 0 };
    uint64_t seed;
    enum err err;

    os_entropy(server->os, &seed, sizeof(seed));
    arena_init(&arena, ARENA_MAX);
    err = credentials_parse(str_bytes(reload->text, reload->text_size), str_of(server->settings->account), bounds, seed,
                            &arena, &credentials, &sentence);
    if (err == OK) {
        api_set_credentials(server->api, credentials);
        server->verifying = true;
        LOG(&server->logger, server_now(server), credentials_loaded,
            LOG_TEXT("file", str_of(server->settings->credentials)),
            LOG_NUMBER("users", credentials_count(credentials)));
    } else {
        (void)snprintf(ret_why, WHY_BYTES, "%.100s: %.*s", server->settings->credentials,
                       sentence.size < 140 ? (int)sentence.size : 140,
                       str_present(sentence) ? sentence.at : err_sentence(err));
    }
    arena_deinit(&arena);
    return err;
}

static void look_done(struct os_job *job)
{
    struct reload *reload = container_of(job, struct reload, job);
    struct server *server = reload->server;
    char why[WHY_BYTES] = "";

    reload->busy = false;
    if (reload->stopped) {
        free(reload->text);
        free(reload);
        return;
    }
    if (reload->changed) {
        reload->modified = reload->seen_modified;
        reload->size = reload->seen_size;
        if (reload->err != OK)
            (void)snprintf(why, sizeof(why), "%.150s: %s", server->settings->credentials, err_sentence(reload->err));
        else
            (void)use(reload, why);
        if (why[0])
            LOG(&server->logger, server_now(server), credentials_refused, LOG_TEXT("reason", str_of(why)));
        free(reload->text);
        reload->text = NULL;
    }
    os_timer_start(server->loop, &reload->timer, LOOK_US);
}

static void look(struct os_timer *timer)
{
    struct reload *reload = container_of(timer, struct reload, timer);

    reload->busy = true;
    reload->job = (struct os_job){ .work = look_work, .done = look_done };
    os_job_start(reload->server->worker, reload->server->loop, &reload->job);
}

enum err reload_read(struct server *server, char *ret_why)
{
    struct reload *reload;

    if (server->settings->credentials == NULL)
        return OK;
    reload = calloc(1, sizeof(*reload));
    if (reload == NULL)
        return ERR_NO_MEMORY;
    server->reload = reload;
    reload->server = server;
    reload->timer.fire = look;
    reload->modified = NOT_LOOKED;
    look_work(&reload->job);
    if (reload->err != OK)
        (void)snprintf(ret_why, WHY_BYTES, "--credentials %.150s: %s", server->settings->credentials,
                       reload->err == ERR_MISSING ? "there is no such file" : err_sentence(reload->err));
    reload->modified = reload->seen_modified;
    reload->size = reload->seen_size;
    return reload->err;
}

enum err reload_start(struct server *server, char *ret_why)
{
    struct reload *reload = server->reload;
    enum err err;

    if (reload == NULL)
        return OK;
    err = use(reload, ret_why);
    free(reload->text);
    reload->text = NULL;
    if (err == OK)
        os_timer_start(server->loop, &reload->timer, LOOK_US);
    return err;
}

void reload_now(struct server *server)
{
    struct reload *reload = server->reload;

    if (reload == NULL || reload->busy)
        return;
    reload->modified = NOT_LOOKED;
    os_timer_start(server->loop, &reload->timer, 0);
}

void reload_stop(struct server *server)
{
    struct reload *reload = server->reload;

    server->reload = NULL;
    if (reload == NULL)
        return;
    os_timer_stop(&reload->timer);
    reload->stopped = true;
    if (reload->busy)
        return;
    free(reload->text);
    free(reload);
}
