/* kernel/pack_matrix.c: by what the records of a type are crossed: two axes of classes, each class a condition. */
#include "kernel/pack_read.h"

static const Str axes[MATRIX_AXES] = { [MATRIX_ROWS] = STR_INIT("rows"), [MATRIX_COLUMNS] = STR_INIT("columns") };

static void class_read(PackLoad *load, const PackNode *node, const Type *type, MatrixClass *out)
{
    static const PackKey keys[] = { { STR_INIT("name"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("when"), true } };
    if (!READ_KEYS(load, node, keys))
        return;
    out->name = read_name(load, node, STR("name"));
    out->label = read_text(load, node, STR("label"));
    out->text = read_condition(load, node, STR("when"), type, USE_FILTER, &out->when);
    read_unique(load, node, STR("name"));
}

static void axis_read(PackLoad *load, const PackNode *node, const Type *type, MatrixAxis *out)
{
    static const PackKey keys[] = { { STR_INIT("label"), true }, { STR_INIT("classes"), true } };
    static const Text    some = TEXT_INIT("至少一项的列表", "a list of at least one item");
    if (!READ_KEYS(load, node, keys))
        return;
    const PackNode *list = read_list(load, node, STR("classes"), MATRIX_CLASSES_MAX);
    MatrixClass    *classes = ARENA_ARRAY(load->arena, MatrixClass, list ? list->count : 0);
    if (list && !list->count)
        read_misshape(load, list, some);
    out->label = read_text(load, node, STR("label"));
    out->classes = classes;
    PACK_EACH(item, list)
        class_read(load, item, type, &classes[out->count++]);
}

static void matrix_read(PackLoad *load, const TypeDraft *draft)
{
    static const PackKey keys[] = { { STR_INIT("label"), true },
                                    { STR_INIT("rows"), true },
                                    { STR_INIT("columns"), true } };
    const PackNode      *node = pack_node_get(draft->node, STR("matrix"));
    if (!node || !READ_KEYS(load, node, keys))
        return;
    Matrix *matrix = ARENA_NEW(load->arena, Matrix);
    matrix->label = read_text(load, node, STR("label"));
    for (int axis = 0; axis < MATRIX_AXES; axis++) {
        const PackNode *of = pack_node_get(node, axes[axis]);
        if (of)
            axis_read(load, of, draft->type, &matrix->axes[axis]);
    }
    draft->type->matrix = matrix;
}

void pack_matrix(PackLoad *load)
{
    for (size_t i = 0; i < load->pack->type_count; i++)
        if (load->drafts[i].node)
            matrix_read(load, &load->drafts[i]);
}
