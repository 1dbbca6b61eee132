#include "evidence/verify.h"

#include "base/date.h"

Err verify_receipt(Arena *arena, Str text, Str key, Verified *out)
{
    TRY(receipt_parse(arena, text, &out->receipt));
    out->own_key = !key.ptr;
    TRY(note_key_parse(key.ptr ? key : out->receipt.key, &out->key));
    return receipt_verify(arena, &out->receipt, &out->key, &out->head);
}

Err verify_witnesses(Arena *arena, Str policy, Verified *out)
{
    Note note;
    Str  text = policy.ptr ? policy : out->receipt.policy;
    out->asked = text.ptr != NULL;
    out->own_policy = !policy.ptr;
    if (!out->asked)
        return ERR_OK;
    Err err = policy_parse(text, &out->policy);
    if (err.kind)
        return policy.ptr ? err : err_make(ECODE_RECEIPT_FORM, "WITNESS POLICY");
    if (policy.ptr && !policy_has_log(&out->policy, &out->key))
        return err_make(ECODE_LOG_POLICY_OTHER, "%.*s", STR_FMT(note_key_text(arena, &out->key)));
    out->own_key = out->own_key && (out->own_policy || !out->policy.log_count);
    TRY(note_parse(arena, out->receipt.checkpoint, &note));
    return policy_seen(&out->policy, &note, &out->seen);
}

Err verify_time(Str ca, int64_t at_ms, Verified *out)
{
    const Receipt *receipt = &out->receipt;
    out->stamped = receipt->tokens.len > 0;
    out->timed = ca.ptr;
    if (ca.ptr)
        return receipt_time(receipt, ca, at_ms, &out->stamps);
    return out->stamped ? stamps_verify(receipt->checkpoint, receipt->tokens, STR_NONE, STAMP_LATEST_MS, &out->stamps)
                        : ERR_OK;
}

Str verified_head(const Verified *found)
{
    Str    manifest = found->receipt.manifest, rest = manifest;
    size_t end = 0;
    str_cut(&rest, '\n');
    while (rest.len) {
        size_t begun = manifest.len - rest.len;
        Str    line = str_cut(&rest, '\n'), word = line;
        if (str_find(str_cut(&word, ' '), STR(".")) < line.len - word.len - 1)
            break;
        end = begun + line.len;
    }
    return str_slice(manifest, 0, end);
}

static void put_witnesses(Arena *arena, const Verified *found, Json *json)
{
    Json *witnesses = json_set(json, STR("witnesses"), json_array(arena));
    json_set_bool(arena, json, STR("quorum"), found->seen.met);
    json_set_bool(arena, json, STR("policy_from_receipt"), found->own_policy);
    for (size_t i = 0; i < found->policy.witness_count; i++) {
        Json *one = json_push(witnesses, json_object(arena));
        json_set_str(arena, one, STR("name"), found->policy.witnesses[i].name);
        if (found->seen.times_s[i])
            json_set_str(arena, one, STR("time"), instant_text(arena, found->seen.times_s[i] * 1000));
    }
}

static void put_time(Arena *arena, const Verified *found, Json *json)
{
    json_set_bool(arena, json, STR("stamped"), found->stamped);
    json_set_bool(arena, json, STR("time_checked"), found->timed);
    if (found->stamped)
        json_set_str(arena, json, STR("time"), instant_text(arena, found->stamps.time_ms));
    if (found->timed)
        json_set_str(arena, json, STR("until"), instant_text(arena, found->stamps.end_ms));
}

Json *verified_json(Arena *arena, const Verified *found)
{
    Json *json = json_object(arena);
    json_set_str(arena, json, STR("log"), found->key.name);
    json_set_str(arena, json, STR("key"), note_key_text(arena, &found->key));
    json_set_bool(arena, json, STR("key_from_receipt"), found->own_key);
    json_set_int(arena, json, STR("index"), (int64_t)found->receipt.index);
    json_set_int(arena, json, STR("size"), (int64_t)found->head.size);
    json_set_str(arena, json, STR("manifest"), found->receipt.manifest);
    put_time(arena, found, json);
    Json *values = json_set(json, STR("values"), json_array(arena));
    for (size_t i = 0; i < found->receipt.value_count; i++) {
        Json *one = json_push(values, json_object(arena));
        json_set_str(arena, one, STR("name"), found->receipt.values[i].name);
        json_set_str(arena, one, STR("value"), found->receipt.values[i].value);
    }
    if (found->asked)
        put_witnesses(arena, found, json);
    return json;
}
