#include "evidence/policy.h"

#include "base/buf.h"

enum { NAMES = LIMIT_POLICY_NAMES };

typedef struct Parsing {
    Policy *policy;
    Str     line;   /* the words of it that are not yet read */
    int     number; /* of the line, from 1 */
    bool    ended;  /* a quorum was given */
    bool    grouped[2 * NAMES];
} Parsing;

static Err bad_line(const Parsing *parsing, const char *what)
{
    return err_make(ECODE_LOG_POLICY, "%d: %s", parsing->number, what);
}

static Str next_word(Parsing *parsing)
{
    Str    line = parsing->line;
    size_t from = 0, to;
    while (from < line.len && (line.ptr[from] == ' ' || line.ptr[from] == '\t'))
        from++;
    for (to = from; to < line.len && line.ptr[to] != ' ' && line.ptr[to] != '\t';)
        to++;
    parsing->line = str_slice(line, to, line.len);
    return str_slice(line, from, to);
}

/* The witness or group of that name, as a member; POLICY_NONE. */
static int find_member(const Policy *policy, Str name)
{
    for (size_t i = 0; i < policy->witness_count; i++)
        if (str_eq(policy->witnesses[i].name, name))
            return (int)i;
    for (size_t i = 0; i < policy->group_count; i++)
        if (str_eq(policy->groups[i].name, name))
            return NAMES + (int)i;
    return POLICY_NONE;
}

static Err new_name(Parsing *parsing, Str *out)
{
    *out = next_word(parsing);
    if (!out->len)
        return bad_line(parsing, "a name is missing");
    if (str_eq(*out, STR("none")) || find_member(parsing->policy, *out) != POLICY_NONE)
        return bad_line(parsing, "the name is taken");
    return ERR_OK;
}

static Err read_key(Parsing *parsing, NoteKind kind, NoteKey *out)
{
    if (note_key_parse(next_word(parsing), out).kind || out->kind != kind)
        return bad_line(parsing, kind == NOTE_COSIGNATURE ? "not a key of a witness" : "not a key of a log");
    return ERR_OK;
}

static bool same_key(const NoteKey *a, const NoteKey *b) { return memcmp(a->key, b->key, NOTE_KEY_SIZE) == 0; }

static Err read_log(Parsing *parsing)
{
    Policy *policy = parsing->policy;
    if (policy->log_count == NAMES)
        return bad_line(parsing, "too many logs");
    NoteKey *log = &policy->logs[policy->log_count];
    TRY(read_key(parsing, NOTE_ED25519, log));
    for (size_t i = 0; i < policy->log_count; i++)
        if (same_key(&policy->logs[i], log))
            return bad_line(parsing, "the key was given before");
    next_word(parsing); /* its address */
    policy->log_count++;
    return ERR_OK;
}

static Err read_witness(Parsing *parsing)
{
    Policy *policy = parsing->policy;
    if (policy->witness_count == NAMES)
        return bad_line(parsing, "too many witnesses");
    PolicyWitness *witness = &policy->witnesses[policy->witness_count];
    TRY(new_name(parsing, &witness->name));
    TRY(read_key(parsing, NOTE_COSIGNATURE, &witness->key));
    for (size_t i = 0; i < policy->witness_count; i++)
        if (same_key(&policy->witnesses[i].key, &witness->key))
            return bad_line(parsing, "the key was given before");
    witness->url = next_word(parsing);
    policy->witness_count++;
    return ERR_OK;
}

static Err read_members(Parsing *parsing, PolicyGroup *group)
{
    for (Str name; (name = next_word(parsing)).len;) {
        int member = find_member(parsing->policy, name);
        if (member == POLICY_NONE)
            return bad_line(parsing, "no witness or group of that name above");
        if (parsing->grouped[member])
            return bad_line(parsing, "a name is in a group already");
        parsing->grouped[member] = true; /* which bounds the count as well */
        group->members[group->count++] = member;
    }
    return ERR_OK;
}

static Err read_group(Parsing *parsing)
{
    Policy *policy = parsing->policy;
    int64_t need;
    if (policy->group_count == NAMES)
        return bad_line(parsing, "too many groups");
    PolicyGroup *group = &policy->groups[policy->group_count];
    TRY(new_name(parsing, &group->name));
    Str word = next_word(parsing);
    TRY(read_members(parsing, group));
    if (str_eq(word, STR("all")))
        need = (int64_t)group->count;
    else if (str_eq(word, STR("any")))
        need = 1;
    else if (!str_int(word, &need))
        need = 0;
    if (need < 1 || need > (int64_t)group->count)
        return bad_line(parsing, "after the name comes all, any, or a number that the members reach");
    group->need = (size_t)need;
    policy->group_count++;
    return ERR_OK;
}

static Err read_quorum(Parsing *parsing)
{
    Str name = next_word(parsing);
    if (parsing->ended)
        return bad_line(parsing, "a second quorum");
    parsing->ended = true;
    parsing->policy->quorum = find_member(parsing->policy, name);
    return parsing->policy->quorum != POLICY_NONE || str_eq(name, STR("none"))
               ? ERR_OK
               : bad_line(parsing, "no witness or group of that name above");
}

static Err read_line(Parsing *parsing)
{
    static const struct {
        Str word;
        Err (*read)(Parsing *parsing);
    } lines[] = { { STR_INIT("log"), read_log },
                  { STR_INIT("witness"), read_witness },
                  { STR_INIT("group"), read_group },
                  { STR_INIT("quorum"), read_quorum } };
    for (size_t i = 0; i < parsing->line.len; i++)
        if (((unsigned char)parsing->line.ptr[i] < ' ' && parsing->line.ptr[i] != '\t') || parsing->line.ptr[i] == 0x7f)
            return bad_line(parsing, "a control character");
    Str word = next_word(parsing);
    if (!word.len || word.ptr[0] == '#')
        return ERR_OK;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!str_eq(word, lines[i].word))
            continue;
        TRY(lines[i].read(parsing));
        return next_word(parsing).len ? bad_line(parsing, "a word too many") : ERR_OK;
    }
    return bad_line(parsing, "begins with none of log, witness, group, quorum");
}

Err policy_parse(Str text, Policy *out)
{
    Parsing parsing = { .policy = out };
    *out = (Policy){ .quorum = POLICY_NONE };
    if (text.len > LIMIT_POLICY_BYTES)
        return bad_line(&parsing, "too long");
    while (text.len) {
        parsing.number++;
        parsing.line = str_cut(&text, '\n');
        TRY(read_line(&parsing));
    }
    return parsing.ended ? ERR_OK : bad_line(&parsing, "no quorum");
}

bool policy_has_log(const Policy *policy, const NoteKey *log)
{
    for (size_t i = 0; i < policy->log_count; i++)
        if (str_eq(policy->logs[i].name, log->name) && same_key(&policy->logs[i], log))
            return true;
    return policy->log_count == 0;
}

/* ---- the quorum ---- */

Err policy_seen(const Policy *policy, const Note *note, PolicySeen *out)
{
    bool met[2 * NAMES] = { false };
    *out = (PolicySeen){ 0 };
    for (size_t i = 0; i < policy->witness_count; i++) {
        const NoteKey *key = &policy->witnesses[i].key;
        bool           signs = false;
        for (size_t line = 0; line < note->line_count; line++)
            signs = signs || note_line_is(&note->lines[line], key);
        if (signs)
            TRY(checkpoint_cosigned(note, key, &out->times_s[i]));
        met[i] = out->times_s[i] > 0;
    }
    for (size_t i = 0; i < policy->group_count; i++) { /* members stand above their group */
        const PolicyGroup *group = &policy->groups[i];
        size_t             count = 0;
        for (size_t member = 0; member < group->count; member++)
            count += met[group->members[member]];
        met[NAMES + i] = count >= group->need;
    }
    out->met = policy->quorum == POLICY_NONE || met[policy->quorum];
    return ERR_OK;
}

Str policy_missing(Arena *arena, const Policy *policy, const PolicySeen *seen)
{
    Buf out = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < policy->witness_count; i++)
        if (!seen->times_s[i])
            buf_printf(&out, "%s%.*s", out.len ? ", " : "", STR_FMT(policy->witnesses[i].name));
    return buf_str(&out);
}
