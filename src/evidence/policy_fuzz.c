/* A policy from anywhere, and a request to a witness: refused, or read within its bounds. */
#include "evidence/policy.h"
#include "evidence/witness.h"

#include <assert.h>

static void check_policy(Arena *arena, Str text)
{
    Policy     policy;
    PolicySeen seen;
    Note       nobody = { 0 };
    if (policy_parse(text, &policy).kind)
        return;
    for (size_t i = 0; i < policy.group_count; i++) {
        const PolicyGroup *group = &policy.groups[i];
        assert(group->need >= 1 && group->need <= group->count);
        for (size_t member = 0; member < group->count; member++)
            assert(group->members[member] < LIMIT_POLICY_NAMES ? group->members[member] < (int)policy.witness_count
                                                               : group->members[member] - LIMIT_POLICY_NAMES < (int)i);
    }
    assert(!policy_seen(&policy, &nobody, &seen).kind);
    assert(seen.met == (policy.quorum == POLICY_NONE)); /* whatever is asked for, nobody is not enough */
    policy_missing(arena, &policy, &seen);
}

static void check_request(Arena *arena, Str text)
{
    WitnessRequest request;
    Checkpoint     nothing = { 0 };
    if (!witness_request_read(arena, text, &request))
        return;
    assert(request.proof.count <= WITNESS_PROOF_MAX);
    Str note = str_slice(text, (size_t)(request.note.text.ptr - text.ptr), text.len);
    assert(str_eq(witness_request_text(arena, request.old, &request.proof, note), text));
    assert(witness_judge(&request, NULL, &nothing) == 404);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const Str           text = { (const char *)data, size };
    check_policy(arena, text);
    check_request(arena, text);
    return 0;
}
