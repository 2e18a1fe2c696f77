/* tree.h: an intrusive ordered map from bytes to objects (a treap).
 *
 * The node is embedded in the object and the key points into it; keys are ordered bytewise. Expected depth is
 * 2 ln n whatever the order of insertion, because priorities are a hash of the key under a seed from entropy. */
#pragma once

#include "base/str.h"

struct tree_node {
    struct tree_node *left, *right, *parent;
    uint64_t priority;
    str key;
};

struct tree {
    struct tree_node *root;
    size_t count;
    uint64_t seed;
};

void tree_init(struct tree *tree, uint64_t seed);

/* The node with that key, or NULL. */
struct tree_node *tree_find(const struct tree *tree, str key);

/* The first node whose key is >= `key` (or > with `after`), or NULL. */
struct tree_node *tree_seek(const struct tree *tree, str key, bool after);

/* EXISTS if the key is taken. The key must stay valid while the node is in the tree. */
must_use enum err tree_add(struct tree *tree, struct tree_node *node, str key);

/* The node must be in the tree. */
void tree_remove(struct tree *tree, struct tree_node *node);

/* In ascending order; NULL behind the last. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
