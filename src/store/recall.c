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
    Answer   slots[RECALL_SLOTS];
};

static size_t slot_of(Str key) { return statement_hash(key) >> 56; }

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
    const Answer *answer = &recall->slots[slot_of(key)];
    if (!answer->key || !str_eq((Str){ answer->key, answer->key_len }, key))
        return false;
    *numbers = answer->numbers;
    *count = answer->count;
    return true;
}

void recall_keep(Recall *recall, Str key, const int64_t *numbers, size_t count)
{
    if (key.len > RECALL_KEY_BYTES || count > RECALL_NUMBERS)
        return;
    Answer *answer = &recall->slots[slot_of(key)];
    forget(answer);
    *answer = (Answer){ .key = mem_alloc(key.len + 1),
                        .key_len = key.len,
                        .numbers = mem_alloc((count + 1) * sizeof *numbers),
                        .count = count };
    memcpy(answer->key, key.ptr, key.len);
    if (count)
        memcpy(answer->numbers, numbers, count * sizeof *numbers);
}
