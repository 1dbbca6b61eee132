#include "store/recall.h"

#include <stdlib.h>

#include "base/arena.h"
#include "store/statement.h"

typedef struct Answer {
    char    *key; /* NULL: the slot is empty */
    size_t   key_len;
    int64_t *numbers;
    size_t   count;
} Answer;

struct Recall {
    uint32_t version;
    Answer   slots[RECALL_SLOTS]; /* RECALL_SETS times RECALL_WAYS, the newest of a set first */
};

static size_t set_of(Str key) { return (statement_hash(key) >> 58) * RECALL_WAYS; }

static void forget(Answer *answer)
{
    free(answer->key);
    free(answer->numbers);
    *answer = (Answer){ 0 };
}

Recall *recall_new(void)
{
    Recall *recall = mem_alloc(sizeof *recall);
    *recall = (Recall){ 0 };
    return recall;
}

void recall_free(Recall *recall)
{
    for (size_t i = 0; recall && i < RECALL_SLOTS; i++)
        forget(&recall->slots[i]);
    free(recall);
}

void recall_contents(Recall *recall, uint32_t version)
{
    if (recall->version == version)
        return;
    for (size_t i = 0; i < RECALL_SLOTS; i++)
        forget(&recall->slots[i]);
    recall->version = version;
}

bool recall_find(const Recall *recall, Str key, const int64_t **numbers, size_t *count)
{
    const Answer *set = &recall->slots[set_of(key)];
    for (const Answer *answer = set; answer < set + RECALL_WAYS && answer->key; answer++) {
        if (!str_eq((Str){ answer->key, answer->key_len }, key))
            continue;
        *numbers = answer->numbers;
        *count = answer->count;
        return true;
    }
    return false;
}

void recall_keep(Recall *recall, Str key, const int64_t *numbers, size_t count)
{
    if (key.len > RECALL_KEY_BYTES || count > RECALL_NUMBERS)
        return;
    Answer *answer = &recall->slots[set_of(key)];
    forget(&answer[RECALL_WAYS - 1]);
    memmove(answer + 1, answer, (RECALL_WAYS - 1) * sizeof *answer);
    *answer = (Answer){ .key = mem_alloc(key.len + 1),
                        .key_len = key.len,
                        .numbers = mem_alloc((count + 1) * sizeof *numbers),
                        .count = count };
    memcpy(answer->key, key.ptr, key.len);
    if (count)
        memcpy(answer->numbers, numbers, count * sizeof *numbers);
}
