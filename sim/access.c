/* access.c: the credentials file changes while the server runs, and a guest sees whether it does what the file in force
 * says: he is not known, he may do everything, or he may do everything but one thing. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

#define SIM_USER                                                                                                      \
    "{\"users\":[{\"name\":\"sim\",\"accessKeyId\":\"AKIASIMULATED\",\"secretAccessKey\":\"of-a-simulated-user\","      \
    "\"account\":\"123456789012\",\"administrator\":true}"
#define GUEST_USER                                                                                                    \
    ",{\"name\":\"guest\",\"accessKeyId\":\"AKIAGUEST\",\"secretAccessKey\":\"of-a-simulated-guest\","                  \
    "\"account\":\"123456789012\",\"policies\":[{\"Version\":\"2012-10-17\",\"Statement\":["                            \
    "{\"Effect\":\"Allow\",\"Action\":\"kinesis:*\",\"Resource\":\"*\"}"
#define FORBID ",{\"Effect\":\"Deny\",\"Action\":\"kinesis:DescribeLimits\",\"Resource\":\"*\"}"

enum version { VERSION_UNKNOWN = -1, GUEST_ABSENT, GUEST_ALLOWED, GUEST_FORBIDDEN, VERSION_COUNT };

enum { FILE_BYTES_MAX = 1 << 16, SEEN_US = 100000 };

struct access {
    struct client guest;
    enum version in_force, written;
    int64_t written_us;
    uint64_t changes, asked; /* so far; when the guest asked */
    unsigned steps;          /* of the clock, when he asked: a signature made before one may be refused */
    bool limits;             /* what he asked for */
};

static const char *const texts[VERSION_COUNT] = {
    [GUEST_ABSENT] = SIM_USER "]}",
    [GUEST_ALLOWED] = SIM_USER GUEST_USER "]}]}]}",
    [GUEST_FORBIDDEN] = SIM_USER GUEST_USER FORBID "]}]}]}",
};

bool access_init(struct sim *sim)
{
    sim->access = calloc(1, sizeof(*sim->access));
    if (sim->access == NULL)
        return false;
    client_init(&sim->access->guest, sim, GUEST_NUMBER);
    sim->access->guest.access_key = "AKIAGUEST";
    sim->access->guest.secret_key = "of-a-simulated-guest";
    return os_mkdir(sim->os, "/etc") == OK && os_sync_dir(sim->os, "/") == OK &&
           os_replace_file(sim->os, "/etc/credentials", str_of(texts[GUEST_ABSENT])) == OK;
}

void access_deinit(struct sim *sim)
{
    client_deinit(&sim->access->guest);
    free(sim->access);
}

/* ---- the file ------------------------------------------------------------------------------------------------------ */

/* A crash may have left the former file or the new one. */
void access_booted(struct sim *sim)
{
    struct access *access = sim->access;
    char *at;
    size_t size;

    access->changes++;
    access->in_force = access->written = VERSION_UNKNOWN;
    if (os_read_file(sim->os, "/etc/credentials", FILE_BYTES_MAX, &at, &size) != OK)
        return;
    for (int i = 0; i < VERSION_COUNT; i++)
        if (str_eq(str_bytes(at, size), str_of(texts[i])))
            access->in_force = (enum version)i;
    free(at);
}

void access_change(struct sim *sim)
{
    struct access *access = sim->access;
    enum version version = (enum version)below(sim, VERSION_COUNT);

    access->changes++;
    access->in_force = access->written = VERSION_UNKNOWN;
    if (os_replace_file(sim->os, "/etc/credentials", str_of(texts[version])) == OK)
        access->written = version;
    access->written_us = os_mono_us(sim->os);
    note(sim, "the credentials file is written: %d", (int)access->written);
}

/* The server says that it has loaded a file. One that it had begun to read before ours was there may still be told of. */
void access_loaded(struct sim *sim)
{
    struct access *access = sim->access;

    if (access->written == VERSION_UNKNOWN || os_mono_us(sim->os) < access->written_us + SEEN_US)
        return;
    access->changes++;
    access->in_force = access->written;
    access->written = VERSION_UNKNOWN;
}

/* ---- the guest ----------------------------------------------------------------------------------------------------- */

static void think(struct sim *sim);

static void guest_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct access *access = ctx;
    bool allowed = access->in_force == GUEST_ALLOWED || (access->in_force == GUEST_FORBIDDEN && !access->limits);

    note(sim, "the guest is answered with %d", status);
    if (status > 0 && status < 500 && !is_error(answer, "LimitExceededException") && access->asked == access->changes &&
        access->steps == sim->steps && access->in_force != VERSION_UNKNOWN && allowed != (status == 200))
        refute(sim, "the guest %s %s, and is answered with %d", allowed ? "may" : "may not",
               access->limits ? "DescribeLimits" : "ListStreams", status);
    if (status >= 500 && !sim->trouble)
        refute(sim, "the guest is answered with %d, and nothing was wrong", status);
    think(sim);
}

static void next(struct os_timer *timer)
{
    struct client *guest = container_of(timer, struct client, think);
    struct access *access = container_of(guest, struct access, guest);

    if (!guest->sim->working || guest->sim->failed)
        return;
    access->asked = access->changes;
    access->steps = guest->sim->steps;
    access->limits = below(guest->sim, 2);
    client_call(guest, access->limits ? "DescribeLimits" : "ListStreams", STR("{}"), guest_answered, access);
}

static void think(struct sim *sim)
{
    if (!sim->working || sim->failed)
        return;
    sim->access->guest.think.fire = next;
    os_timer_start(sim->loop, &sim->access->guest.think, (int64_t)below(sim, 200000));
}

void access_start(struct sim *sim)
{
    think(sim);
}

bool access_is_idle(const struct sim *sim)
{
    return !sim->access->guest.busy;
}

void access_forget(struct sim *sim)
{
    client_forget(&sim->access->guest);
}
