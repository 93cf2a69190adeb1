/* SPDX-License-Identifier: MIT
 *
 * Circular doubly linked lists, linked through a struct list inside the elements. The head is a
 * struct list of its own. */
#ifndef PITH_BASE_LIST_H
#define PITH_BASE_LIST_H

#include "base/base.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(head) {&(head), &(head)}

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Puts (node), which is on no list, in front of (pos); in front of the head is the end. */
static inline void list_insert(struct list *pos, struct list *node)
{
    node->next = pos;
    node->prev = pos->prev;
    pos->prev->next = node;
    pos->prev = node;
}

/* Takes (node) off its list; it then is an empty list, so removing it again does nothing. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Puts the nodes of (head), in their order, in front of (pos); (head) is empty then. */
static inline void list_splice(struct list *pos, struct list *head)
{
    if (list_empty(head))
        return;
    head->next->prev = pos->prev;
    pos->prev->next = head->next;
    head->prev->next = pos;
    pos->prev = head->prev;
    list_init(head);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_for_each(pos, head)       for (struct list *pos = (head)->next; pos != (head); pos = pos->next)

#endif
