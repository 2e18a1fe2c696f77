/* image.c: the whole disk as it is, kept to come back to. The pages are shared, so an image costs little. */
#include <stdlib.h>

#include "os/sim/disk.h"

struct sim_image {
    struct inode *root;
};

static enum err copy_file(struct inode *from, struct inode *to)
{
    TRY(pages_share(&to->live, &from->live, 0, from->live.size));
    TRY(pages_share(&to->durable, &from->live, 0, from->live.size));
    to->live.size = to->durable.size = from->live.size;
    to->modified = from->modified;
    to->broken_offset = from->broken_offset;
    to->broken_size = from->broken_size;
    return OK;
}

/* What `from` shows becomes durable in `to`. */
static enum err copy_directory(struct os *os, struct inode *from, struct inode *to)
{
    for (struct tree_node *node = tree_first(&from->entries); node; node = tree_next(node)) {
        struct entry *entry = container_of(node, struct entry, node);
        struct inode *copy = inode_create(os, entry->inode->directory);
        enum err err;

        if (copy == NULL)
            return ERR_NO_MEMORY;
        err = copy->directory ? copy_directory(os, entry->inode, copy) : copy_file(entry->inode, copy);
        if (err == OK)
            err = disk_move(os, copy, NULL, STR(""), to, node->key);
        inode_release(copy);
        TRY(err);
    }
    disk_sync_moves(os, to);
    return OK;
}

enum err sim_save(struct os *os, struct sim_image **ret_image)
{
    struct sim_image *image = calloc(1, sizeof(*image));
    enum err err;

    if (image == NULL)
        return ERR_NO_MEMORY;
    image->root = inode_create(os, true);
    err = image->root ? copy_directory(os, os->disk.root, image->root) : ERR_NO_MEMORY;
    if (err != OK)
        sim_forget(image);
    else
        *ret_image = image;
    return err;
}

enum err sim_restore(struct os *os, const struct sim_image *image)
{
    struct inode *root = os->disk.root;

    disk_drop_moves(os);
    for (struct tree_node *node; (node = tree_first(&root->entries));)
        TRY(disk_move(os, container_of(node, struct entry, node)->inode, root, node->key, NULL, STR("")));
    disk_sync_moves(os, root);
    return copy_directory(os, image->root, root);
}

void sim_forget(struct sim_image *image)
{
    if (image->root)
        inode_release(image->root);
    free(image);
}
