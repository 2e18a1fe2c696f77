#include "tree.c"

#include <stdio.h>

#include "unit.h"

struct entry {
    struct tree_node node;
    char key[8];
    bool present;
};

static struct entry entries[400];

static struct tree_node *naive_seek(size_t from)
{
    for (size_t i = from; i < 400; i++)
        if (entries[i].present)
            return &entries[i].node;
    return NULL;
}

TEST("behaves as a plain array of flags over random adds, removes and seeks")
{
    struct tree tree;
    uint64_t state = 5;

    tree_init(&tree, 42);
    for (size_t i = 0; i < 400; i++)
        snprintf(entries[i].key, sizeof(entries[i].key), "%05zu", i);
    for (int step = 0; step < 20000; step++) {
        size_t index = unit_random(&state) % 400;
        struct entry *entry = &entries[index];
        str key = str_of(entry->key);

        CHECK((tree_find(&tree, key) == &entry->node) == entry->present);
        CHECK(tree_seek(&tree, key, false) == naive_seek(index));
        CHECK(tree_seek(&tree, key, true) == naive_seek(index + 1));
        if (entry->present) {
            CHECK(tree_next(&entry->node) == naive_seek(index + 1));
            tree_remove(&tree, &entry->node);
        } else {
            CHECK_INT(tree_add(&tree, &entry->node, key), OK);
            CHECK_INT(tree_add(&tree, &(struct tree_node){ 0 }, key), ERR_EXISTS);
        }
        entry->present = !entry->present;
    }
    CHECK(tree_first(&tree) == naive_seek(0));
}

UNIT_MAIN
