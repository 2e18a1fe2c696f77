/* file.c: the file functions of os.h on the simulated disk. */
#include <assert.h>
#include <stdlib.h>

#include "os/sim/disk.h"

struct os_file {
    struct list link; /* disk->files */
    struct os *os;
    struct inode *inode;
    unsigned flags, epoch;
};

/* ---- opening --------------------------------------------------------------------------------------------------- */

static enum err open_inode(struct os *os, const char *path, unsigned flags, struct inode **ret_inode)
{
    struct verdict verdict = disk_verdict(os, SIM_META);
    struct inode *parent, *inode;
    enum err err;
    str name;

    parent = disk_find_parent(os, path, &name);
    if (verdict.effect != EFFECT_WHOLE)
        return verdict.err;
    if (parent == NULL)
        return ERR_MISSING;
    inode = name.size ? disk_lookup(parent, name) : parent;
    if (inode && (flags & OS_CREATE) && (flags & OS_EXCLUSIVE))
        return ERR_EXISTS;
    if (inode && inode->directory)
        return ERR_IO;
    if (inode == NULL && (flags & OS_CREATE) == 0)
        return ERR_MISSING;
    if (inode) {
        inode->refs++;
    } else {
        inode = inode_create(os, false);
        if (inode == NULL)
            return ERR_NO_MEMORY;
        err = disk_move(os, inode, NULL, STR(""), parent, name);
        if (err != OK) {
            inode_release(inode);
            return err;
        }
    }
    if (verdict.err != OK)
        inode_release(inode);
    else
        *ret_inode = inode;
    return verdict.err;
}

enum err os_open(struct os *os, const char *path, unsigned flags, struct os_file **ret_file)
{
    struct os_file *file;
    struct inode *inode = NULL;
    enum err err;

    assert(flags & (OS_READ | OS_WRITE));
    sim_spend(os, 5, 50);
    file = malloc(sizeof(*file));
    err = file ? open_inode(os, path, flags, &inode) : ERR_NO_MEMORY;
    if (err != OK) {
        free(file);
        return err;
    }
    *file = (struct os_file){ .os = os, .inode = inode, .flags = flags, .epoch = os->epoch };
    list_push(&os->disk.files, &file->link);
    *ret_file = file;
    return OK;
}

void os_close(struct os_file *file)
{
    if (file->inode->locker == file)
        file->inode->locker = NULL;
    list_remove(&file->link);
    inode_release(file->inode);
    free(file);
}

static bool is_usable(const struct os_file *file, unsigned flag)
{
    return file->epoch == file->os->epoch && (file->flags & flag);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

enum { SIM_BLOCK_BYTES = 4096 };

static bool is_broken(const struct inode *inode, uint64_t offset, uint64_t size)
{
    return inode->broken_size && offset < inode->broken_offset + inode->broken_size && inode->broken_offset < offset + size;
}

/* While the disk is away: the first and the last block of a file are still known. */
static bool is_cached(const struct inode *inode, uint64_t offset, uint64_t size)
{
    uint64_t end = inode->live.size;

    return offset + size <= SIM_BLOCK_BYTES || (end > 0 && offset >= (end - 1) / SIM_BLOCK_BYTES * SIM_BLOCK_BYTES);
}

enum err os_read_at(struct os_file *file, void *to, size_t size, uint64_t offset, size_t *ret_size)
{
    struct verdict verdict = disk_verdict(file->os, SIM_READ);
    const struct inode *inode = file->inode;

    sim_spend(file->os, 5, 30);
    if (verdict.err != OK)
        return verdict.err;
    if (!is_usable(file, OS_READ))
        return ERR_IO;
    if (is_broken(inode, offset, size) || (file->os->disk.away && !is_cached(inode, offset, size)))
        return ERR_IO;
    *ret_size = pages_read(&inode->live, to, size, offset);
    return OK;
}

enum err os_probe(struct os_file *file)
{
    struct verdict verdict = disk_verdict(file->os, SIM_READ);
    const struct inode *inode = file->inode;
    uint64_t size = inode->live.size, last = size ? (size - 1) / SIM_BLOCK_BYTES * SIM_BLOCK_BYTES : 0;

    sim_spend(file->os, 20, 200);
    if (verdict.err != OK)
        return verdict.err;
    if (!is_usable(file, OS_READ) || file->os->disk.away || size == 0)
        return ERR_IO;
    return is_broken(inode, 0, SIM_BLOCK_BYTES) && is_broken(inode, last, SIM_BLOCK_BYTES) ? ERR_IO : OK;
}

enum err os_size(struct os_file *file, uint64_t *ret_size)
{
    if (file->epoch != file->os->epoch || sim_frozen(file->os))
        return ERR_IO;
    *ret_size = file->inode->live.size;
    return OK;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static struct change *change_create(enum change_kind kind, uint64_t offset, uint64_t size)
{
    struct change *change = malloc(sizeof(*change) + (kind == CHANGE_WRITE ? (size_t)size : 0));

    if (change)
        *change = (struct change){ .kind = kind, .offset = offset, .size = size };
    return change;
}

static void change_add(struct inode *inode, struct change *change)
{
    change->file_size = inode->live.size;
    inode->modified = os_wall_ms(inode->os);
    list_push(&inode->changes, &change->link);
}

/* How many of `size` bytes fit on the disk. */
static uint64_t fitting(struct os *os, const struct inode *inode, uint64_t offset, uint64_t size)
{
    uint64_t room = os->disk.capacity_pages - os->disk.used_pages;

    if (size == 0 || os->disk.capacity_pages == UINT64_MAX)
        return size;
    if (os->disk.used_pages > os->disk.capacity_pages)
        room = 0;
    for (uint64_t i = offset / PAGE_BYTES; i <= (offset + size - 1) / PAGE_BYTES; i++) {
        if (pages_at(&inode->live, i))
            continue;
        if (room-- == 0)
            return i * PAGE_BYTES > offset ? i * PAGE_BYTES - offset : 0;
    }
    return size;
}

static void flatten(const struct os_iov *iov, size_t count, uint8_t *to, size_t size)
{
    for (size_t i = 0; i < count && size; i++) {
        size_t n = iov[i].size < size ? iov[i].size : size;

        if (n)
            memcpy(to, iov[i].at, n);
        to += n;
        size -= n;
    }
}

static enum err write_part(struct os_file *file, const struct os_iov *iov, size_t count, uint64_t offset, size_t size)
{
    struct inode *inode = file->inode;
    struct change *change;
    enum err err;

    if (size == 0)
        return OK;
    change = change_create(CHANGE_WRITE, offset, size);
    if (change == NULL)
        return ERR_NO_MEMORY;
    flatten(iov, count, change->bytes, size);
    err = pages_write(&inode->live, change->bytes, size, offset);
    sim_note(file->os, offset, size);
    change_add(inode, change);
    return err;
}

enum err os_write_at(struct os_file *file, const struct os_iov *iov, size_t count, uint64_t offset)
{
    struct verdict verdict = disk_verdict(file->os, SIM_WRITE);
    uint64_t size = 0, part;

    for (size_t i = 0; i < count; i++)
        size += iov[i].size;
    sim_spend(file->os, 10, 50 + (int64_t)(size >> 12));
    if (verdict.effect == EFFECT_NONE)
        return verdict.err;
    if (!is_usable(file, OS_WRITE) || size > PAGES_SIZE_MAX || offset > PAGES_SIZE_MAX - size)
        return ERR_IO;
    part = fitting(file->os, file->inode, offset, size);
    if (part < size && verdict.err == OK)
        verdict.err = ERR_NO_SPACE;
    if (verdict.effect == EFFECT_PART)
        part = sim_below(file->os, part + 1);
    TRY(write_part(file, iov, count, offset, (size_t)part));
    return verdict.err;
}

static enum err change_shape(struct os_file *file, enum change_kind kind, uint64_t offset, uint64_t size)
{
    struct verdict verdict = disk_verdict(file->os, SIM_WRITE);
    struct change *change;
    enum err err;

    sim_spend(file->os, 5, 50);
    if (verdict.effect != EFFECT_WHOLE)
        return verdict.err;
    if (!is_usable(file, OS_WRITE) || offset > PAGES_SIZE_MAX)
        return ERR_IO;
    change = change_create(kind, offset, size);
    if (change == NULL)
        return ERR_NO_MEMORY;
    if (kind == CHANGE_RESIZE)
        err = pages_resize(&file->inode->live, offset);
    else
        err = pages_zero(&file->inode->live, offset, size);
    change_add(file->inode, change);
    return err != OK ? err : verdict.err;
}

enum err os_truncate(struct os_file *file, uint64_t size)
{
    return change_shape(file, CHANGE_RESIZE, size, 0);
}

enum err os_punch(struct os_file *file, uint64_t offset, uint64_t size)
{
    if (size > PAGES_SIZE_MAX)
        size = PAGES_SIZE_MAX;
    return size ? change_shape(file, CHANGE_PUNCH, offset, size) : OK;
}

bool os_is_direct(const struct os_file *file)
{
    return file->flags & OS_DIRECT;
}

enum err os_sync(struct os_file *file)
{
    struct os *os = file->os;
    struct verdict verdict = disk_verdict(os, SIM_SYNC);

    sim_spend(os, os->disk.sync_us_min, os->disk.sync_us_max);
    if (file->epoch != os->epoch)
        return ERR_IO;
    if (verdict.effect == EFFECT_PART)
        inode_forget_changes(file->inode);
    if (verdict.effect == EFFECT_WHOLE)
        TRY(inode_sync(file->inode));
    return verdict.err;
}

enum err os_lock(struct os_file *file)
{
    if (file->epoch != file->os->epoch || sim_frozen(file->os))
        return ERR_IO;
    if (file->inode->locker && file->inode->locker != file)
        return ERR_LOCKED;
    file->inode->locker = file;
    return OK;
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

enum err os_rename(struct os *os, const char *from, const char *to)
{
    struct verdict verdict = disk_verdict(os, SIM_META);
    struct inode *from_dir, *to_dir, *inode, *before;
    str from_name, to_name;

    sim_spend(os, 10, 50);
    if (verdict.effect != EFFECT_WHOLE)
        return verdict.err;
    from_dir = disk_find_parent(os, from, &from_name);
    to_dir = disk_find_parent(os, to, &to_name);
    if (from_dir == NULL || to_dir == NULL || from_name.size == 0)
        return ERR_MISSING;
    inode = disk_lookup(from_dir, from_name);
    if (inode == NULL)
        return ERR_MISSING;
    before = to_name.size ? disk_lookup(to_dir, to_name) : to_dir;
    if (before == inode)
        return verdict.err;
    if (before && before->directory != inode->directory)
        return ERR_IO;
    if (before && before->directory && before->entries.count)
        return ERR_EXISTS;
    TRY(disk_move(os, inode, from_dir, from_name, to_dir, to_name));
    return verdict.err;
}

enum err os_unlink(struct os *os, const char *path)
{
    struct verdict verdict = disk_verdict(os, SIM_META);
    struct inode *directory, *inode;
    str name;

    sim_spend(os, 10, 50);
    if (verdict.effect != EFFECT_WHOLE)
        return verdict.err;
    directory = disk_find_parent(os, path, &name);
    inode = directory && name.size ? disk_lookup(directory, name) : directory;
    if (inode == NULL)
        return ERR_MISSING;
    if (inode->directory)
        return ERR_IO;
    TRY(disk_move(os, inode, directory, name, NULL, STR("")));
    return verdict.err;
}

enum err os_mkdir(struct os *os, const char *path)
{
    struct verdict verdict = disk_verdict(os, SIM_META);
    struct inode *parent, *inode;
    enum err err;
    str name;

    sim_spend(os, 10, 50);
    if (verdict.effect != EFFECT_WHOLE)
        return verdict.err;
    parent = disk_find_parent(os, path, &name);
    if (parent == NULL)
        return ERR_MISSING;
    inode = name.size ? disk_lookup(parent, name) : parent;
    if (inode)
        return inode->directory ? verdict.err : ERR_EXISTS;
    inode = inode_create(os, true);
    if (inode == NULL)
        return ERR_NO_MEMORY;
    err = disk_move(os, inode, NULL, STR(""), parent, name);
    inode_release(inode);
    return err != OK ? err : verdict.err;
}

enum err os_sync_dir(struct os *os, const char *path)
{
    struct verdict verdict = disk_verdict(os, SIM_SYNC);
    struct inode *directory = disk_find(os, path);

    sim_spend(os, os->disk.sync_us_min, os->disk.sync_us_max);
    if (verdict.effect != EFFECT_WHOLE)
        return verdict.err;
    if (directory == NULL || !directory->directory)
        return ERR_MISSING;
    disk_sync_moves(os, directory);
    return verdict.err;
}

/* The callback may change the directory, so it walks by name. */
enum err os_list(struct os *os, const char *path, enum err (*each)(void *ctx, const char *name), void *ctx)
{
    struct verdict verdict = disk_verdict(os, SIM_READ);
    struct inode *directory = disk_find(os, path);
    enum err err = verdict.err;
    size_t size = 0;
    char *names;

    sim_spend(os, 10, 50);
    if (err != OK)
        return err;
    if (directory == NULL || !directory->directory)
        return ERR_MISSING;
    for (struct tree_node *node = tree_first(&directory->entries); node; node = tree_next(node))
        size += node->key.size + 1;
    names = malloc(size + 1);
    if (names == NULL)
        return ERR_NO_MEMORY;
    size = 0;
    for (struct tree_node *node = tree_first(&directory->entries); node; node = tree_next(node)) {
        memcpy(names + size, node->key.at, node->key.size + 1);
        size += node->key.size + 1;
    }
    for (size_t at = 0; at < size && err == OK; at += strlen(names + at) + 1)
        err = each(ctx, names + at);
    free(names);
    return err;
}

enum err os_stat(struct os *os, const char *path, struct os_stat *ret_stat)
{
    struct verdict verdict = disk_verdict(os, SIM_READ);
    const struct inode *inode = disk_find(os, path);

    sim_spend(os, 5, 30);
    if (verdict.err != OK)
        return verdict.err;
    if (inode == NULL)
        return ERR_MISSING;
    *ret_stat =
        (struct os_stat){ .size = inode->live.size, .modified = inode->modified, .directory = inode->directory };
    return OK;
}

enum err os_disk_free(struct os *os, const char *path, uint64_t *ret_bytes)
{
    uint64_t capacity = os->disk.capacity_pages, used = os->disk.used_pages;

    if (disk_find(os, path) == NULL)
        return ERR_MISSING;
    if (capacity == UINT64_MAX)
        *ret_bytes = PAGES_SIZE_MAX;
    else
        *ret_bytes = capacity > used ? (capacity - used) * PAGE_BYTES : 0;
    return OK;
}

/* ---- what only the simulator does ------------------------------------------------------------------------------- */

void sim_set_capacity(struct os *os, uint64_t bytes)
{
    os->disk.capacity_pages = bytes / PAGE_BYTES;
}

void sim_set_sync_us(struct os *os, int64_t min_us, int64_t max_us)
{
    assert(min_us >= 0 && min_us <= max_us);
    os->disk.sync_us_min = min_us;
    os->disk.sync_us_max = max_us;
}

void sim_lie(struct os *os, unsigned kinds, unsigned per_million)
{
    assert((kinds & ~(unsigned)(SIM_WRITE | SIM_SYNC)) == 0);
    os->disk.lying_kinds = kinds;
    os->disk.lies_per_million = per_million;
}

/* Other images of the file keep the byte as it was. */
static enum err flip(struct pages *pages, uint64_t offset, unsigned bit)
{
    uint8_t byte;

    if (offset >= pages->size || pages_at(pages, offset / PAGE_BYTES) == NULL || pages_read(pages, &byte, 1, offset) != 1)
        return ERR_MISSING;
    byte ^= (uint8_t)(1u << bit);
    return pages_write(pages, &byte, 1, offset);
}

enum err sim_flip(struct os *os, const char *path, uint64_t offset, unsigned bit)
{
    struct inode *inode = disk_find(os, path);
    enum err err;

    assert(bit < 8);
    if (inode == NULL)
        return ERR_MISSING;
    TRY(flip(&inode->live, offset, bit));
    err = flip(&inode->durable, offset, bit);
    return err == ERR_MISSING ? OK : err;
}

enum err sim_break(struct os *os, const char *path, uint64_t offset, uint64_t size)
{
    struct inode *inode = disk_find(os, path);

    if (inode == NULL)
        return ERR_MISSING;
    inode->broken_offset = offset;
    inode->broken_size = size;
    return OK;
}

void disk_end(struct os *os)
{
    list_each(link, &os->disk.files)
        container_of(link, struct os_file, link)->inode->locker = NULL;
}

void disk_count(const struct os *os, struct sim_census *census)
{
    list_each(link, &os->disk.files)
        census->files += container_of(link, struct os_file, link)->epoch == os->epoch;
}

void disk_free(struct os *os)
{
    list_each(link, &os->disk.files)
        os_close(container_of(link, struct os_file, link));
    disk_drop_moves(os);
    inode_release(os->disk.root);
    assert(list_empty(&os->disk.inodes));
}
