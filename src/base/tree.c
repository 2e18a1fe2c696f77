#include "base/tree.h"

#include <assert.h>

#include "base/map.h"

void tree_init(struct tree *tree, uint64_t seed)
{
    *tree = (struct tree){ .seed = seed };
}

struct tree_node *tree_find(const struct tree *tree, str key)
{
    struct tree_node *node = tree->root;

    while (node) {
        int order = str_cmp(key, node->key);

        if (order == 0)
            return node;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

struct tree_node *tree_seek(const struct tree *tree, str key, bool after)
{
    struct tree_node *node = tree->root, *best = NULL;

    while (node) {
        int order = str_cmp(key, node->key);

        if (order < 0 || (order == 0 && !after)) {
            best = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

/* Put `fresh` where `node` hangs below its parent (or at the root). */
static void replace(struct tree *tree, struct tree_node *node, struct tree_node *fresh)
{
    struct tree_node *parent = node->parent;

    if (parent == NULL)
        tree->root = fresh;
    else if (parent->left == node)
        parent->left = fresh;
    else
        parent->right = fresh;
    if (fresh)
        fresh->parent = parent;
}

/* Lift `node` above its parent; the order of keys stays. */
static void rotate_up(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = node->parent, *inner;

    replace(tree, parent, node);
    if (parent->left == node) {
        inner = node->right;
        node->right = parent;
        parent->left = inner;
    } else {
        inner = node->left;
        node->left = parent;
        parent->right = inner;
    }
    parent->parent = node;
    if (inner)
        inner->parent = parent;
}

enum err tree_add(struct tree *tree, struct tree_node *node, str key)
{
    struct tree_node **at = &tree->root, *parent = NULL;

    while (*at) {
        int order = str_cmp(key, (*at)->key);

        if (order == 0)
            return ERR_EXISTS;
        parent = *at;
        at = order < 0 ? &parent->left : &parent->right;
    }
    *node = (struct tree_node){ .parent = parent, .priority = map_hash(tree->seed, key), .key = key };
    *at = node;
    while (node->parent && node->parent->priority < node->priority)
        rotate_up(tree, node);
    tree->count++;
    return OK;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    while (node->left && node->right)
        rotate_up(tree, node->left->priority > node->right->priority ? node->left : node->right);
    replace(tree, node, node->left ? node->left : node->right);
    assert(tree->count > 0);
    tree->count--;
    node->left = node->right = node->parent = NULL;
}

struct tree_node *tree_first(const struct tree *tree)
{
    struct tree_node *node = tree->root;

    while (node && node->left)
        node = node->left;
    return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    struct tree_node *up;

    if (node->right) {
        up = node->right;
        while (up->left)
            up = up->left;
        return up;
    }
    for (up = node->parent; up && up->right == node; up = up->parent)
        node = up;
    return up;
}
