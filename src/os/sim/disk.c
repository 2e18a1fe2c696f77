/* disk.c: names and contents of the simulated disk, its planned faults, and syncs. */
#include "os/sim/disk.h"

#include <assert.h>
#include <stdlib.h>

/* ---- inodes ---------------------------------------------------------------------------------------------------- */

struct inode *inode_create(struct os *os, bool directory)
{
    struct inode *inode = calloc(1, sizeof(*inode));

    if (inode == NULL)
        return NULL;
    inode->os = os;
    inode->refs = 1;
    inode->directory = directory;
    inode->modified = os_wall_ms(os);
    inode->live.used = &os->disk.used_pages;
    list_init(&inode->changes);
    tree_init(&inode->entries, 1);
    tree_init(&inode->durable_entries, 1);
    list_push(&os->disk.inodes, &inode->link);
    return inode;
}

void inode_forget_changes(struct inode *inode)
{
    struct list *link;

    while ((link = list_pop(&inode->changes)) != NULL)
        free(container_of(link, struct change, link));
}

static void entry_remove(struct tree *tree, struct entry *entry)
{
    tree_remove(tree, &entry->node);
    inode_release(entry->inode);
    free(entry);
}

static void entries_clear(struct tree *tree)
{
    while (tree->root)
        entry_remove(tree, container_of(tree->root, struct entry, node));
}

void inode_release(struct inode *inode)
{
    assert(inode->refs > 0);
    if (--inode->refs)
        return;
    entries_clear(&inode->entries);
    entries_clear(&inode->durable_entries);
    inode_forget_changes(inode);
    pages_deinit(&inode->live);
    pages_deinit(&inode->durable);
    list_remove(&inode->link);
    free(inode);
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static struct entry *entry_create(struct inode *inode, str name)
{
    struct entry *entry = malloc(sizeof(*entry) + name.size + 1);

    if (entry == NULL)
        return NULL;
    memcpy(entry->name, name.at, name.size);
    entry->name[name.size] = '\0';
    entry->inode = inode;
    inode->refs++;
    return entry;
}

static struct entry *entry_find(const struct tree *tree, str name)
{
    struct tree_node *node = tree_find(tree, name);

    return node ? container_of(node, struct entry, node) : NULL;
}

/* Takes the entry; what had the name is replaced. */
static void entry_add(struct tree *tree, struct entry *entry)
{
    struct entry *before = entry_find(tree, str_of(entry->name));

    if (before)
        entry_remove(tree, before);
    if (tree_add(tree, &entry->node, str_of(entry->name)) != OK)
        assert(false && "the name is free now");
}

struct inode *disk_lookup(struct inode *directory, str name)
{
    struct entry *entry = entry_find(&directory->entries, name);

    return entry ? entry->inode : NULL;
}

/* Walk the directories of `path`, read from the root whether it begins with '/' or not. The last name that is not "."
 * is left in `ret_name`, empty for the root itself. */
struct inode *disk_find_parent(struct os *os, const char *path, str *ret_name)
{
    struct inode *at = os->disk.root;
    str rest = str_of(path), name = STR("");

    while (str_present(rest)) {
        str next = str_cut(&rest, '/');

        if (next.size == 0 || str_eq(next, STR(".")))
            continue;
        if (name.size)
            at = disk_lookup(at, name);
        if (at == NULL || !at->directory)
            return NULL;
        name = next;
    }
    *ret_name = name;
    return at;
}

struct inode *disk_find(struct os *os, const char *path)
{
    str name;
    struct inode *parent = disk_find_parent(os, path, &name);

    return parent && name.size ? disk_lookup(parent, name) : parent;
}

/* ---- moves ----------------------------------------------------------------------------------------------------- */

static void move_free(struct move *move)
{
    if (move->gained) {
        inode_release(move->gained->inode);
        free(move->gained);
    }
    if (move->from)
        inode_release(move->from);
    if (move->to)
        inode_release(move->to);
    inode_release(move->inode);
    free(move);
}

static void move_apply(struct move *move)
{
    struct entry *lost = move->from ? entry_find(&move->from->durable_entries, str_of(move->from_name)) : NULL;

    if (lost && lost->inode == move->inode)
        entry_remove(&move->from->durable_entries, lost);
    if (move->to)
        entry_add(&move->to->durable_entries, move->gained);
    move->gained = NULL;
}

static struct move *move_create(struct inode *inode, struct inode *from, str from_name, struct inode *to, str to_name)
{
    struct move *move = calloc(1, sizeof(*move) + from_name.size + 1);

    if (move == NULL)
        return NULL;
    if (to) {
        move->gained = entry_create(inode, to_name);
        if (move->gained == NULL) {
            free(move);
            return NULL;
        }
        to->refs++;
    }
    if (from) {
        memcpy(move->from_name, from_name.at, from_name.size);
        from->refs++;
    }
    inode->refs++;
    move->from = from;
    move->to = to;
    move->inode = inode;
    return move;
}

enum err disk_move(struct os *os, struct inode *inode, struct inode *from, str from_name, struct inode *to, str to_name)
{
    struct entry *gained = to ? entry_create(inode, to_name) : NULL, *lost;
    struct move *move = move_create(inode, from, from_name, to, to_name);

    if (move == NULL || (to && gained == NULL)) {
        if (move)
            move_free(move);
        if (gained) {
            inode_release(inode);
            free(gained);
        }
        return ERR_NO_MEMORY;
    }
    lost = from ? entry_find(&from->entries, from_name) : NULL;
    if (lost)
        entry_remove(&from->entries, lost);
    if (gained)
        entry_add(&to->entries, gained);
    list_push(&os->disk.moves, &move->link);
    return OK;
}

void disk_drop_moves(struct os *os)
{
    struct list *link;

    while ((link = list_pop(&os->disk.moves)) != NULL)
        move_free(container_of(link, struct move, link));
}

static bool is_marked(const struct inode *directory)
{
    return directory && directory->marked;
}

/* Move to `needed` the directory's moves, and every earlier one that shares a directory with one of them: their order
 * is kept, and a rename between directories is never half. Walks from the newest to the oldest. */
static void pick_needed(struct os *os, struct inode *directory, struct list *needed)
{
    struct list *moves = &os->disk.moves;

    directory->marked = true;
    for (struct list *link = moves->prev, *before; link != moves; link = before) {
        struct move *move = container_of(link, struct move, link);

        before = link->prev;
        if (!is_marked(move->from) && !is_marked(move->to))
            continue;
        list_remove(link);
        list_push_front(needed, link);
        if (move->from)
            move->from->marked = true;
        if (move->to)
            move->to->marked = true;
    }
    list_each(link, &os->disk.inodes)
        container_of(link, struct inode, link)->marked = false;
}

void disk_sync_moves(struct os *os, struct inode *directory)
{
    struct list needed, *link;

    list_init(&needed);
    pick_needed(os, directory, &needed);
    while ((link = list_pop(&needed)) != NULL) {
        struct move *move = container_of(link, struct move, link);

        move_apply(move);
        move_free(move);
    }
}

/* ---- file contents --------------------------------------------------------------------------------------------- */

enum err inode_sync(struct inode *inode)
{
    list_each(link, &inode->changes) {
        struct change *change = container_of(link, struct change, link);

        if (change->kind == CHANGE_RESIZE) {
            if (change->offset < inode->durable.size)
                TRY(pages_resize(&inode->durable, change->offset));
            TRY(pages_share(&inode->durable, &inode->live, change->offset, 1));
        } else {
            TRY(pages_share(&inode->durable, &inode->live, change->offset, change->size));
        }
    }
    TRY(pages_resize(&inode->durable, inode->live.size));
    inode_forget_changes(inode);
    return OK;
}

/* ---- faults ---------------------------------------------------------------------------------------------------- */

static unsigned bit_of(enum sim_op op)
{
    return (unsigned)__builtin_ctz((unsigned)op);
}

uint64_t sim_ops(const struct os *os, unsigned kinds)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < 4; i++)
        count += kinds & (1u << i) ? os->disk.ops[i] : 0;
    return count;
}

static struct fault *free_plan(struct os *os)
{
    for (int i = 0; i < SIM_FAULTS_MAX; i++)
        if (os->disk.faults[i].count == 0)
            return &os->disk.faults[i];
    assert(false && "too many planned faults");
    return NULL;
}

void sim_fail_at(struct os *os, unsigned kinds, uint64_t nth, uint64_t count, enum err err)
{
    assert(nth > 0 && count > 0 && err != OK);
    *free_plan(os) = (struct fault){ .kinds = kinds, .skip = nth - 1, .count = count, .err = err };
}

void sim_crash_at(struct os *os, unsigned kinds, uint64_t nth)
{
    assert(nth > 0);
    *free_plan(os) = (struct fault){ .kinds = kinds, .skip = nth - 1, .count = 1, .err = ERR_IO, .crash = true };
}

void sim_heal(struct os *os)
{
    memset(os->disk.faults, 0, sizeof(os->disk.faults));
}

void sim_away(struct os *os, bool away)
{
    os->disk.away = away;
}

void sim_freeze(struct os *os)
{
    os->disk.frozen = true;
}

bool sim_frozen(const struct os *os)
{
    return os->disk.frozen;
}

struct verdict disk_verdict(struct os *os, enum sim_op op)
{
    struct verdict verdict = { OK, EFFECT_WHOLE };

    os->disk.ops[bit_of(op)]++;
    sim_note(os, 'd', (uint64_t)op);
    if (os->disk.frozen)
        return (struct verdict){ ERR_IO, EFFECT_NONE };
    for (int i = 0; i < SIM_FAULTS_MAX; i++) {
        struct fault *fault = &os->disk.faults[i];

        if (fault->count == 0 || (fault->kinds & (unsigned)op) == 0)
            continue;
        if (fault->skip) {
            fault->skip--;
            continue;
        }
        fault->count--;
        verdict = (struct verdict){ fault->err, EFFECT_PART };
        if (fault->crash) {
            os->disk.frozen = true;
            verdict.effect = sim_below(os, 2) ? EFFECT_WHOLE : EFFECT_NONE;
        }
    }
    if ((os->disk.lying_kinds & (unsigned)op) && verdict.err == OK && sim_below(os, 1000000) < os->disk.lies_per_million)
        verdict.effect = EFFECT_NONE;
    return verdict;
}

/* ---- beginning and end ----------------------------------------------------------------------------------------- */

enum err disk_init(struct os *os)
{
    list_init(&os->disk.inodes);
    list_init(&os->disk.files);
    list_init(&os->disk.moves);
    os->disk.capacity_pages = UINT64_MAX;
    sim_set_sync_us(os, 100, 2000);
    os->disk.root = inode_create(os, true);
    return os->disk.root ? OK : ERR_NO_MEMORY;
}

/* Of each directory a prefix of the unsynced moves survives. Half of the time the journal is one for all directories.
 * A move between two directories that is lost ends the prefix of both. */
static void crash_moves(struct os *os)
{
    bool one_journal = sim_below(os, 2), all_lost = false;
    uint64_t loss = 1 + sim_below(os, 8); /* one move in that many begins to be lost */
    struct list lost;

    list_init(&lost);
    list_each(link, &os->disk.moves) {
        struct move *move = container_of(link, struct move, link);
        bool is_lost = all_lost || sim_below(os, loss) == 0;

        list_each(other, &lost) {
            struct move *gone = container_of(other, struct move, link);

            is_lost = is_lost || (move->from && (move->from == gone->from || move->from == gone->to)) ||
                      (move->to && (move->to == gone->from || move->to == gone->to));
        }
        list_remove(link);
        all_lost = all_lost || (is_lost && one_journal);
        if (is_lost) {
            list_push(&lost, link);
        } else {
            move_apply(move);
            move_free(move);
        }
    }
    list_each(link, &lost) {
        list_remove(link);
        move_free(container_of(link, struct move, link));
    }
}

/* What the directory shows is what it remembers. */
static void crash_directory(struct inode *inode)
{
    entries_clear(&inode->entries);
    for (struct tree_node *node = tree_first(&inode->durable_entries); node; node = tree_next(node)) {
        struct entry *entry = container_of(node, struct entry, node);
        struct entry *copy = entry_create(entry->inode, str_of(entry->name));

        assert(copy != NULL); /* a crash has no one to pass NO_MEMORY to */
        entry_add(&inode->entries, copy);
    }
}

void disk_crash(struct os *os)
{
    crash_moves(os);
    list_each(link, &os->disk.inodes)
        container_of(link, struct inode, link)->refs++;
    list_each(link, &os->disk.inodes) {
        struct inode *inode = container_of(link, struct inode, link);

        if (inode->directory)
            crash_directory(inode);
        else
            inode_crash(os, inode);
    }
    /* Releasing one may free others, so each round starts anew behind those that are done. */
    for (struct list *first = os->disk.inodes.next, *last = os->disk.inodes.prev; first != &os->disk.inodes;) {
        struct inode *inode = container_of(first, struct inode, link);
        bool is_last = first == last;

        list_remove(&inode->link);
        list_push(&os->disk.inodes, &inode->link);
        inode_release(inode);
        if (is_last)
            break;
        first = os->disk.inodes.next;
    }
    os->disk.frozen = false;
    sim_heal(os);
}
