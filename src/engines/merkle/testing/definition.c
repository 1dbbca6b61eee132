/* engines/merkle/testing/definition.c: see definition.h. */
#include "engines/merkle/testing/definition.h"

Definition definition_new(Arena *arena, MerkleDigest digest, const Hash *leaves, size_t count)
{
    size_t places = (count + 1) * (count + 1);
    return (Definition){ digest, count, leaves, ARENA_ARRAY(arena, Hash, places), ARENA_ARRAY(arena, bool, places) };
}

/* The largest power of two below size, which is 2 or more. */
static uint64_t split(uint64_t size)
{
    uint64_t k = 1;
    while (k < size - k)
        k *= 2;
    return k;
}

static Hash node(MerkleDigest digest, Hash left, Hash right)
{
    char bytes[65] = { 1 };
    memcpy(bytes + 1, left.bytes, 32);
    memcpy(bytes + 33, right.bytes, 32);
    Str text = { bytes, sizeof bytes };
    return digest == MERKLE_SM3 ? sm3(text) : sha256(text);
}

Hash definition_root(Definition *tree, size_t from, size_t to)
{
    assert(from <= to && to <= tree->count);
    size_t place = from * (tree->count + 1) + to, size = to - from;
    if (tree->known[place])
        return tree->roots[place];
    Hash root;
    if (size == 0)
        root = tree->digest == MERKLE_SM3 ? sm3(STR_NONE) : sha256(STR_NONE);
    else if (size == 1)
        root = tree->leaves[from];
    else
        root = node(tree->digest, definition_root(tree, from, from + split(size)),
                    definition_root(tree, from + split(size), to));
    tree->known[place] = true;
    return tree->roots[place] = root;
}

static void add(MerkleProof *proof, Hash hash) { proof->path[proof->count++] = hash; }

static void path_add(Definition *tree, size_t index, size_t from, size_t to, MerkleProof *proof)
{
    if (to - from == 1)
        return;
    size_t middle = from + split(to - from);
    if (from + index < middle) {
        path_add(tree, index, from, middle, proof);
        add(proof, definition_root(tree, middle, to));
    } else {
        path_add(tree, index - (middle - from), middle, to, proof);
        add(proof, definition_root(tree, from, middle));
    }
}

MerkleProof definition_path(Definition *tree, size_t index, size_t size)
{
    MerkleProof proof = { 0 };
    path_add(tree, index, 0, size, &proof);
    return proof;
}

/* SUBPROOF(first, D[from:to], whole) */
static void proof_add(Definition *tree, size_t first, size_t from, size_t to, bool whole, MerkleProof *proof)
{
    if (first == to - from) {
        if (!whole)
            add(proof, definition_root(tree, from, to));
        return;
    }
    size_t k = split(to - from);
    if (first <= k) {
        proof_add(tree, first, from, from + k, whole, proof);
        add(proof, definition_root(tree, from + k, to));
    } else {
        proof_add(tree, first - k, from + k, to, false, proof);
        add(proof, definition_root(tree, from, from + k));
    }
}

MerkleProof definition_proof(Definition *tree, size_t first, size_t second)
{
    MerkleProof proof = { 0 };
    proof_add(tree, first, 0, second, true, &proof);
    return proof;
}

static Err node_of(void *context, int level, uint64_t index, Hash *out)
{
    Definition *tree = context;
    assert(level >= 0 && level < 32 && index < tree->count);
    *out = definition_root(tree, index << level, (index + 1) << level);
    return ERR_OK;
}

MerkleNodes definition_nodes(Definition *tree) { return (MerkleNodes){ tree->digest, node_of, tree }; }

/* ---- where a proof leads ---- */

static bool leads(MerkleDigest digest, const Hash *leaf, uint64_t index, uint64_t size, const Hash *path, size_t count,
                  Hash *root)
{
    if (size == 1) {
        *root = *leaf;
        return count == 0;
    }
    if (count == 0)
        return false;
    uint64_t k = split(size);
    Hash     part;
    bool     left = index < k;
    if (!leads(digest, leaf, left ? index : index - k, left ? k : size - k, path, count - 1, &part))
        return false;
    *root = left ? node(digest, part, path[count - 1]) : node(digest, path[count - 1], part);
    return true;
}

bool definition_leads(MerkleDigest digest, const Hash *leaf, uint64_t index, uint64_t size, const MerkleProof *proof,
                      Hash *root)
{
    return size <= INT64_MAX && index < size && proof->count <= MERKLE_PROOF_MAX &&
           leads(digest, leaf, index, size, proof->path, proof->count, root);
}

static bool joins(MerkleDigest digest, const Hash *known, uint64_t first, uint64_t second, const Hash *path,
                  size_t count, Hash *first_out, Hash *second_out)
{
    if (first == second) {
        if (count != (known ? 0 : 1))
            return false;
        *first_out = *second_out = known ? *known : path[0];
        return true;
    }
    if (count == 0)
        return false;
    uint64_t    k = split(second);
    const Hash *last = &path[count - 1];
    if (first <= k) {
        if (!joins(digest, known, first, k, path, count - 1, first_out, second_out))
            return false;
        *second_out = node(digest, *second_out, *last);
        return true;
    }
    if (!joins(digest, NULL, first - k, second - k, path, count - 1, first_out, second_out))
        return false;
    *first_out = node(digest, *last, *first_out);
    *second_out = node(digest, *last, *second_out);
    return true;
}

bool definition_joins(MerkleDigest digest, const Hash *first_root, uint64_t first, uint64_t second,
                      const MerkleProof *proof, Hash *first_out, Hash *second_out)
{
    return first > 0 && first <= second && second <= INT64_MAX && proof->count <= MERKLE_PROOF_MAX &&
           joins(digest, first_root, first, second, proof->path, proof->count, first_out, second_out);
}
