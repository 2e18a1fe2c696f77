/* disk.h: what a simulated disk remembers, and in which order it may forget.
 *
 * Everything exists twice: `live` is what the running system sees (its page cache), `durable` is what is certain to
 * survive. Between the two stand, for a file, its unsynced changes, and for directories the unsynced moves. */
#pragma once

#include "base/tree.h"
#include "os/sim/pages.h"
#include "os/sim/world.h"

enum change_kind { CHANGE_WRITE, CHANGE_RESIZE, CHANGE_PUNCH };

struct change {
    struct list link;
    enum change_kind kind;
    uint64_t offset, size; /* CHANGE_RESIZE: the new size is `offset` */
    uint64_t file_size;    /* of the file afterwards */
    uint8_t bytes[];       /* of a CHANGE_WRITE */
};

struct inode {
    struct list link; /* disk->inodes */
    struct os *os;
    unsigned refs; /* entries, moves and open files */
    bool directory;
    bool marked; /* inside disk_sync_moves */
    /* a file */
    struct pages live, durable;
    struct list changes; /* oldest first */
    ms modified;
    struct os_file *locker;
    uint64_t broken_offset, broken_size;
    /* a directory */
    struct tree entries, durable_entries;
};

struct entry {
    struct tree_node node; /* keyed by name */
    struct inode *inode;
    char name[];
};

/* One change of names: `from` loses a name, `to` gains one; either may be missing. */
struct move {
    struct list link;
    struct inode *from, *to, *inode;
    struct entry *gained; /* to be entered in to->durable_entries */
    char from_name[];
};

/* What an operation is to do. */
struct verdict {
    enum err err;
    enum { EFFECT_NONE, EFFECT_PART, EFFECT_WHOLE } effect;
};

/* Count an operation and ask what becomes of it. */
struct verdict disk_verdict(struct os *os, enum sim_op op);

/* The inode of a path, or NULL. */
struct inode *disk_find(struct os *os, const char *path);

/* The directory of a path and the name in it; NULL if there is no such directory. */
struct inode *disk_find_parent(struct os *os, const char *path, str *ret_name);
struct inode *disk_lookup(struct inode *directory, str name);

struct inode *inode_create(struct os *os, bool directory);
void inode_release(struct inode *inode);

/* Give `inode` a name in `to` (replacing what had it) and take away its name in `from`; either directory may be NULL.
 */
must_use enum err disk_move(struct os *os, struct inode *inode, struct inode *from, str from_name, struct inode *to,
                            str to_name);

/* Make durable: the moves of a directory, the changes of a file. */
void disk_sync_moves(struct os *os, struct inode *directory);
must_use enum err inode_sync(struct inode *inode);

/* Forget all unsynced moves. */
void disk_drop_moves(struct os *os);

/* Forget the unsynced changes of a file: they stay in `live` only. */
void inode_forget_changes(struct inode *inode);

/* crash.c: settle what survives of a file's unsynced changes; `live` is `durable` then. */
void inode_crash(struct os *os, struct inode *inode);
