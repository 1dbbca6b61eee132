/* engines/merkle/prove.c: see merkle.h. The proofs, from stored nodes. */
#include "engines/merkle/merkle.h"

static Err node_read(const MerkleNodes *nodes, int level, uint64_t index, Hash *out)
{
    return nodes->read(nodes->context, level, index, out);
}

/* Of the leaves from the last multiple of 2^level on, which are more than none and fewer than 2^level: folded from the
 * whole nodes that they are made of, one for each bit of size below level, the shortest first. */
static Err tail_root(const MerkleNodes *nodes, int level, uint64_t size, Hash *out)
{
    int below = __builtin_ctzll(size);
    TRY(node_read(nodes, below, (size >> below) - 1, out));
    for (below++; below < level; below++) {
        Hash left;
        if (!(size >> below & 1))
            continue;
        TRY(node_read(nodes, below, (size >> below) - 1, &left));
        *out = merkle_node(nodes->digest, &left, out);
    }
    return ERR_OK;
}

/* The siblings on the way from the node up to the root, added to proof. A last node without one stands for its parent.
 * */
static Err path_read(const MerkleNodes *nodes, int level, uint64_t index, uint64_t size, MerkleProof *proof)
{
    for (; (size - 1) >> level > 0; level++, index >>= 1) {
        uint64_t sibling = index ^ 1, last = (size - 1) >> level;
        if (sibling > last)
            continue;
        Hash *out = &proof->path[proof->count++];
        if (sibling < size >> level) /* it is whole */
            TRY(node_read(nodes, level, sibling, out));
        else
            TRY(tail_root(nodes, level, size, out));
    }
    return ERR_OK;
}

static Err out_of_range(uint64_t number, uint64_t size)
{
    return err_make(ECODE_LOG_RANGE, "%llu of %llu", (unsigned long long)number, (unsigned long long)size);
}

Err merkle_prove_inclusion(const MerkleNodes *nodes, uint64_t index, uint64_t size, MerkleProof *out)
{
    if (index >= size || size > MERKLE_SIZE_MAX)
        return out_of_range(index, size);
    MerkleProof proof = { 0 };
    TRY(path_read(nodes, 0, index, size, &proof));
    *out = proof;
    return ERR_OK;
}

Err merkle_prove_consistency(const MerkleNodes *nodes, uint64_t first, uint64_t second, MerkleProof *out)
{
    if (first == 0 || first > second || second > MERKLE_SIZE_MAX)
        return out_of_range(first, second);
    MerkleProof proof = { 0 };
    if (first < second) {
        int      level = __builtin_ctzll(first);
        uint64_t last = (first >> level) - 1; /* whole node of the first tree; all of it where it is node 0 */
        if (last > 0)
            TRY(node_read(nodes, level, last, &proof.path[proof.count++]));
        TRY(path_read(nodes, level, last, second, &proof));
    }
    *out = proof;
    return ERR_OK;
}

Err merkle_edge_read(const MerkleNodes *nodes, uint64_t size, MerkleEdge *out)
{
    if (size > MERKLE_SIZE_MAX)
        return out_of_range(size, MERKLE_SIZE_MAX);
    MerkleEdge edge = { .digest = nodes->digest, .size = size };
    size_t     count = 0;
    for (int level = MERKLE_LEVELS - 1; level >= 0; level--)
        if (size >> level & 1)
            TRY(node_read(nodes, level, (size >> level) - 1, &edge.peaks[count++]));
    *out = edge;
    return ERR_OK;
}
