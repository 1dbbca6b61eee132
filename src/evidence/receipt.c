#include "evidence/receipt.h"

#include "base/buf.h"
#include "base/limits.h"
#include "evidence/log.h"

#define FIRST_LINE  "evidence-receipt/v1\n"
#define PROOF_FIRST "c2sp.org/tlog-proof@v1\n"
#define DIGEST      "sha256 "

enum { LINE = 64, VALUES_MAX = 100000 };

typedef enum Block {
    BLOCK_SALT,
    BLOCK_MANIFEST,
    BLOCK_DISCLOSURE,
    BLOCK_PROOF,
    BLOCK_POLICY,
    BLOCK_TOKEN,
    BLOCK_CA,
    BLOCK_KEY,
    BLOCK_COUNT
} Block;

static const char *const block_names[BLOCK_COUNT] = {
    [BLOCK_SALT] = "EVIDENCE SALT",
    [BLOCK_MANIFEST] = "EVIDENCE MANIFEST",
    [BLOCK_DISCLOSURE] = "EVIDENCE DISCLOSURE",
    [BLOCK_PROOF] = "TLOG PROOF",
    [BLOCK_POLICY] = "WITNESS POLICY",
    [BLOCK_TOKEN] = "TIMESTAMP TOKEN",
    [BLOCK_CA] = "TIMESTAMP CA",
    [BLOCK_KEY] = "LOG KEY",
};

/* ---- writing ---- */

static void block_write(Buf *out, Block block, Str bytes)
{
    Str text = base64_encode(out->arena, bytes);
    buf_printf(out, "-----BEGIN %s-----\n", block_names[block]);
    for (size_t at = 0; at < text.len; at += LINE) {
        buf_add(out, str_slice(text, at, text.len - at < LINE ? text.len : at + LINE));
        buf_char(out, '\n');
    }
    buf_printf(out, "-----END %s-----\n", block_names[block]);
}

static Str disclosure_text(Arena *arena, const Receipt *receipt)
{
    Buf out = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < receipt->value_count; i++) {
        const ReceiptValue *value = &receipt->values[i];
        buf_printf(&out, "%.*s %.*s %.*s\n", STR_FMT(value->name), STR_FMT(base64_encode(arena, value->salt)),
                   STR_FMT(base64_encode(arena, value->value)));
    }
    return buf_str(&out);
}

static Str proof_text(Arena *arena, const Receipt *receipt)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_printf(&out, PROOF_FIRST "index %llu\n", (unsigned long long)receipt->index);
    for (size_t i = 0; i < receipt->path.count; i++)
        buf_printf(&out, "%.*s\n", STR_FMT(base64_encode(arena, hash_str(&receipt->path.path[i]))));
    buf_char(&out, '\n');
    buf_add(&out, receipt->checkpoint);
    return buf_str(&out);
}

static void stamps_write(Buf *out, const Receipt *receipt)
{
    Str rest = receipt->tokens, token;
    while (rest.len && stamp_next(&rest, &token))
        block_write(out, BLOCK_TOKEN, token);
    if (receipt->tokens.len)
        block_write(out, BLOCK_CA, receipt->ca);
}

Str receipt_text(Arena *arena, const Receipt *receipt)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_add(&out, STR(FIRST_LINE));
    block_write(&out, BLOCK_SALT, receipt->salt);
    block_write(&out, BLOCK_MANIFEST, receipt->manifest);
    block_write(&out, BLOCK_DISCLOSURE, disclosure_text(arena, receipt));
    block_write(&out, BLOCK_PROOF, proof_text(arena, receipt));
    if (receipt->policy.len)
        block_write(&out, BLOCK_POLICY, receipt->policy);
    stamps_write(&out, receipt);
    block_write(&out, BLOCK_KEY, receipt->key);
    Hash digest = sha256(buf_str(&out));
    buf_printf(&out, DIGEST "%.*s\n", STR_FMT(hex_encode(arena, hash_str(&digest))));
    return buf_str(&out);
}

/* ---- verifying ---- */

/* The manifest's commitment beside that name; empty when there is none. */
static Str committed(Arena *arena, Str manifest, Str name)
{
    Str    line = str_printf(arena, "\n%.*s ", STR_FMT(name));
    size_t at = str_find(manifest, line);
    if (at == manifest.len)
        return STR_NONE;
    Str rest = str_slice(manifest, at + line.len, manifest.len);
    return str_cut(&rest, '\n');
}

static bool value_stands(Arena *arena, Str manifest, const ReceiptValue *value)
{
    const Str parts[] = { value->salt, value->name, { "\0", 1 }, value->value };
    Hash      hash = sha256_parts(parts, 4);
    return str_find(value->name, STR(" ")) == value->name.len &&
           str_eq(committed(arena, manifest, value->name), base64_encode(arena, hash_str(&hash)));
}

static Err verify_values(Arena *arena, const Receipt *receipt)
{
    for (size_t i = 0; i < receipt->value_count; i++) {
        ArenaMark mark = arena_mark(arena);
        bool      stands = value_stands(arena, receipt->manifest, &receipt->values[i]);
        arena_release(arena, mark);
        if (!stands)
            return err_make(ECODE_RECEIPT_VALUE, "%.*s", STR_FMT(receipt->values[i].name));
    }
    return ERR_OK;
}

Err receipt_verify(Arena *arena, const Receipt *receipt, const NoteKey *key, Checkpoint *out)
{
    Checkpoint found;
    TRY(checkpoint_open(arena, receipt->checkpoint, key, &found, NULL));
    LogEntry entry = log_entry(receipt->salt, receipt->manifest);
    Hash     leaf = merkle_leaf(MERKLE_SHA256, (Str){ entry.bytes, sizeof entry.bytes });
    if (!merkle_verify_inclusion(MERKLE_SHA256, &leaf, receipt->index, found.size, &receipt->path, &found.root))
        return err_make(ECODE_RECEIPT_PROOF, "leaf %llu", (unsigned long long)receipt->index);
    TRY(verify_values(arena, receipt));
    Stamps stamps;
    if (receipt->tokens.len)
        TRY(stamps_verify(receipt->checkpoint, receipt->tokens, STR_NONE, STAMP_LATEST_MS, &stamps));
    *out = found;
    return ERR_OK;
}

Err receipt_time(const Receipt *receipt, Str ca, int64_t at_ms, Stamps *out)
{
    TRY(stamp_ca_check(ca));
    return receipt->tokens.len ? stamps_verify(receipt->checkpoint, receipt->tokens, ca, at_ms, out)
                               : err_make(ECODE_STAMP_NONE, "no token");
}

Err receipt_make(Db *db, Arena *arena, const NoteKey *key, Receipt *out)
{
    LogLeaf    leaf;
    Checkpoint head;
    TRY(checkpoint_open(arena, out->checkpoint, key, &head, NULL));
    TRY(log_leaf(db, arena, out->index, &leaf));
    out->salt = leaf.salt;
    out->key = note_key_text(arena, key);
    MerkleNodes nodes = log_nodes(db, arena, head.size);
    TRY(merkle_prove_inclusion(&nodes, out->index, head.size, &out->path));
    Err err = receipt_verify(arena, out, key, &head);
    return err.kind ? err_make(ECODE_LOG_DAMAGED, "the receipt of leaf %llu: %s", (unsigned long long)out->index,
                               err.context)
                    : ERR_OK;
}

/* ---- reading ---- */

static Err bad_form(const char *where) { return err_make(ECODE_RECEIPT_FORM, "%s", where); }

/* The rest begins with this line, with its LF; moves behind it. */
static bool take_line(Str *rest, Str line)
{
    if (!str_starts(*rest, line))
        return false;
    *rest = str_slice(*rest, line.len, rest->len);
    return true;
}

static bool block_read(Arena *arena, Str *rest, Block block, Str *out)
{
    Str    begin = str_printf(arena, "-----BEGIN %s-----\n", block_names[block]);
    Str    end = str_printf(arena, "-----END %s-----\n", block_names[block]);
    Buf    text = buf_new(arena, SIZE_MAX);
    size_t last = LINE; /* all lines but the last are full */
    if (!take_line(rest, begin))
        return false;
    while (!take_line(rest, end)) {
        if (!rest->len || last != LINE)
            return false;
        Str line = str_cut(rest, '\n');
        last = line.len;
        if (last == 0 || last > LINE)
            return false;
        buf_add(&text, line);
    }
    return base64_decode(arena, buf_str(&text), out);
}

/* As kernel/event.h writes them: nothing that a page or a terminal would take for something else. */
static bool is_name(Str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < '!' || name.ptr[i] > '~')
            return false;
    return name.len > 0;
}

static bool values_read(Arena *arena, Str text, Receipt *out)
{
    size_t capacity = 0;
    if (text.len && !str_ends(text, STR("\n")))
        return false;
    while (text.len) {
        Str          line = str_cut(&text, '\n');
        ReceiptValue value = { .name = str_cut(&line, ' ') };
        if (out->value_count == VALUES_MAX || !is_name(value.name) ||
            !base64_decode(arena, str_cut(&line, ' '), &value.salt) || !base64_decode(arena, line, &value.value))
            return false;
        ARENA_ROOM(arena, out->values, out->value_count, capacity);
        out->values[out->value_count++] = value;
    }
    return true;
}

static bool proof_read(Arena *arena, Str text, Receipt *out)
{
    int64_t index;
    if (!take_line(&text, STR(PROOF_FIRST)) || !take_line(&text, STR("index ")))
        return false;
    Str number = str_cut(&text, '\n');
    if (!str_int(number, &index) || index < 0 || number.ptr[0] == '-' || (number.ptr[0] == '0' && number.len > 1))
        return false;
    out->index = (uint64_t)index;
    for (;;) {
        Str line = str_cut(&text, '\n'), hash;
        if (!line.len)
            break;
        if (out->path.count == MERKLE_PROOF_MAX || !base64_decode(arena, line, &hash) || hash.len != HASH_SIZE)
            return false;
        memcpy(&out->path.path[out->path.count++], hash.ptr, HASH_SIZE);
    }
    out->checkpoint = text;
    return text.len > 0;
}

/* As many as there are, each one whole token. */
static bool tokens_read(Arena *arena, Str *rest, Str *out)
{
    Buf  tokens = buf_new(arena, SIZE_MAX);
    Str  begin = str_printf(arena, "-----BEGIN %s-----\n", block_names[BLOCK_TOKEN]), block, token;
    bool whole = true;
    for (size_t count = 0; whole && str_starts(*rest, begin); count++) {
        whole = count < STAMP_TOKENS_MAX && block_read(arena, rest, BLOCK_TOKEN, &block) &&
                stamp_next(&block, &token) && !block.len;
        if (whole)
            buf_add(&tokens, token);
    }
    *out = buf_str(&tokens);
    return whole;
}

static Err blocks_read(Arena *arena, Str *rest, Str *blocks)
{
    for (Block block = 0; block < BLOCK_COUNT; block++) {
        blocks[block] = STR_NONE;
        if (block == BLOCK_CA && !blocks[BLOCK_TOKEN].len)
            continue; /* it comes with tokens or not at all */
        if (block == BLOCK_POLICY && !str_starts(*rest, STR("-----BEGIN WITNESS POLICY-----\n")))
            continue;
        if (!(block == BLOCK_TOKEN ? tokens_read(arena, rest, &blocks[block])
                                   : block_read(arena, rest, block, &blocks[block])))
            return bad_form(block_names[block]);
        if (block == BLOCK_POLICY && !blocks[block].len)
            return bad_form(block_names[block]);
    }
    return ERR_OK;
}

Err receipt_parse(Arena *arena, Str text, Receipt *out)
{
    Str     blocks[BLOCK_COUNT], rest = text;
    Receipt found = { 0 };
    if (text.len > LIMIT_RECEIPT_BYTES)
        return bad_form("too long");
    if (!take_line(&rest, STR(FIRST_LINE)))
        return bad_form("the first line");
    TRY(blocks_read(arena, &rest, blocks));
    Hash digest = sha256(str_slice(text, 0, text.len - rest.len));
    if (!str_eq(rest, str_printf(arena, DIGEST "%.*s\n", STR_FMT(hex_encode(arena, hash_str(&digest))))))
        return bad_form("the digest at its end");
    found.salt = blocks[BLOCK_SALT];
    found.manifest = blocks[BLOCK_MANIFEST];
    found.policy = blocks[BLOCK_POLICY];
    found.tokens = blocks[BLOCK_TOKEN];
    found.ca = blocks[BLOCK_CA];
    found.key = blocks[BLOCK_KEY];
    if (found.salt.len != LOG_SALT_SIZE)
        return bad_form(block_names[BLOCK_SALT]);
    if (!values_read(arena, blocks[BLOCK_DISCLOSURE], &found))
        return bad_form(block_names[BLOCK_DISCLOSURE]);
    if (!proof_read(arena, blocks[BLOCK_PROOF], &found))
        return bad_form(block_names[BLOCK_PROOF]);
    *out = found;
    return ERR_OK;
}
