/* crash.c: what a power loss leaves of a file.
 *
 * A real kernel writes back whole sectors, each as it was at some moment, in any order; sizes, truncations and punched
 * holes are journaled in their order. So:
 *
 *   (1) Of the size changes a prefix survives; its length is picked by the seed.
 *   (2) Each sector shows the file as of some write that touched it, with all earlier writes to that sector.
 *   (3) What was written after a truncation or a hole that did not survive is lost: its blocks had no owner yet.
 *   (4) What lies behind the surviving size is lost. Where the size survived and the data did not, zeros are read.
 *
 * The seed picks for the whole file: nothing survives, everything, or each write on its own: kept, lost or torn. */
#include <assert.h>
#include <stdlib.h>

#include "os/sim/disk.h"

enum { SECTOR_BYTES = 512 };

enum fate { FATE_LOST, FATE_KEPT, FATE_TORN };

struct survival {
    struct inode *inode;
    size_t count;     /* changes */
    size_t committed; /* of them, those whose effect on the size survives */
    size_t barrier;   /* writes from this change on are lost (3) */
    uint32_t *seen;   /* by sector: how many changes it has seen (2) */
    uint64_t sectors;
};

static uint64_t sector_of_end(const struct change *change)
{
    return (change->offset + change->size + SECTOR_BYTES - 1) / SECTOR_BYTES;
}

static bool is_barrier(const struct change *change, uint64_t size_before)
{
    return change->kind == CHANGE_PUNCH || (change->kind == CHANGE_RESIZE && change->offset < size_before);
}

static void measure(struct survival *survival)
{
    uint64_t size = survival->inode->durable.size;
    size_t i = 0;

    survival->barrier = SIZE_MAX;
    list_each(link, &survival->inode->changes) {
        const struct change *change = container_of(link, struct change, link);

        if (i >= survival->committed && survival->barrier == SIZE_MAX && is_barrier(change, size))
            survival->barrier = i;
        if (change->kind == CHANGE_WRITE && sector_of_end(change) > survival->sectors)
            survival->sectors = sector_of_end(change);
        size = change->file_size;
        i++;
    }
}

static void pick_sectors(struct os *os, struct survival *survival, bool all)
{
    size_t i = 0;

    list_each(link, &survival->inode->changes) {
        const struct change *change = container_of(link, struct change, link);
        enum fate fate = all ? FATE_KEPT : (enum fate)sim_below(os, 3);

        if (i >= survival->barrier)
            return;
        i++;
        if (change->kind != CHANGE_WRITE || fate == FATE_LOST)
            continue;
        for (uint64_t s = change->offset / SECTOR_BYTES; s < sector_of_end(change); s++)
            if (fate == FATE_KEPT || sim_below(os, 2))
                survival->seen[s] = (uint32_t)i;
    }
}

/* The parts of write number `i` in sectors that have seen it. */
static enum err apply_write(struct survival *survival, const struct change *change, size_t i)
{
    uint64_t at = change->offset, end = change->offset + change->size;

    while (at < end) {
        uint64_t next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;

        if (next > end)
            next = end;
        if (survival->seen[at / SECTOR_BYTES] > i)
            TRY(pages_write(&survival->inode->durable, change->bytes + (at - change->offset), (size_t)(next - at), at));
        at = next;
    }
    return OK;
}

static enum err apply(struct survival *survival)
{
    struct pages *durable = &survival->inode->durable;
    uint64_t size = durable->size;
    size_t i = 0;

    list_each(link, &survival->inode->changes) {
        const struct change *change = container_of(link, struct change, link);

        if (change->kind == CHANGE_WRITE)
            TRY(apply_write(survival, change, i));
        else if (i < survival->committed && change->kind == CHANGE_RESIZE)
            TRY(pages_resize(durable, change->offset));
        else if (i < survival->committed)
            TRY(pages_zero(durable, change->offset, change->size));
        i++;
        if (i <= survival->committed)
            size = change->file_size;
    }
    return pages_resize(durable, size);
}

static void settle(struct os *os, struct inode *inode, size_t count)
{
    uint64_t mode = sim_below(os, 4);
    struct survival survival = { .inode = inode, .count = count };
    enum err err;

    if (mode == 0)
        return;
    survival.committed = mode == 1 ? count : (size_t)sim_below(os, count + 1);
    measure(&survival);
    survival.seen = calloc((size_t)survival.sectors + 1, sizeof(*survival.seen));
    assert(survival.seen != NULL); /* a crash has no one to pass NO_MEMORY to */
    pick_sectors(os, &survival, mode == 1);
    err = apply(&survival);
    assert(err == OK);
    free(survival.seen);
}

void inode_crash(struct os *os, struct inode *inode)
{
    size_t count = 0;
    enum err err;

    list_each(link, &inode->changes)
        count++;
    assert(count < UINT32_MAX);
    if (count)
        settle(os, inode, count);
    inode_forget_changes(inode);
    pages_deinit(&inode->live);
    err = pages_share(&inode->live, &inode->durable, 0, inode->durable.size);
    assert(err == OK);
    inode->live.size = inode->durable.size;
}
