"""Nodes that no operator allows."""
from common import case, group, model, one_node, relu, valid


group("nodes")


@case(3, "/slice", "starts", "f64")
def slice_from_fractions(path):
    builder = model()
    builder.weight("starts", "f64[1]", [0])
    builder.weight("ends", "i64[1]", [1])
    builder.node("Slice", "x starts ends", "y", name="/slice")
    builder.outputs(y="f32[n,8]")
    return builder


@case(3, "/node", "axis")
def axis_out_of_range(path):
    return one_node(path, "Softmax", axis=7)


@case(3, "/node", "axis")
def axis_that_is_a_real(path):
    return one_node(path, "Softmax", axis=1.5)


@case(3, "/node")
def axis_of_64_bits(path):
    return one_node(path, "Concat", "x x", axis=-2**63)


@case(3, "/node", "perm")
def permutation_that_repeats(path):
    return one_node(path, "Transpose", perm=[0, 0])


@case(3, "/node")
def operands_of_two_types(path):
    return one_node(path, "Add", "x i")


@case(3, "/node")
def shapes_that_do_not_broadcast(path):
    return one_node(path, "Add", "x z")


@case(3, "/node")
def inner_sizes_that_differ(path):
    builder = model(path)
    builder.weight("w", "f32[5,3]")
    builder.node("MatMul", "x w", "y", name="/node")
    builder.outputs(y="f32")
    return builder


@case(3, "/node", "inputs")
def too_many_inputs(path):
    return one_node(path, "Relu", "x x x")


@case(3, "/node")
def too_few_inputs(path):
    return one_node(path, "MatMul", "x")


@case(3, "/node", "to")
def cast_to_an_unknown_type(path):
    return one_node(path, "Cast", to=1234)


@case(3, "/node")
def reshape_to_another_number_of_elements(path):
    builder = model(path)
    builder.weight("w", "f32[4,6]")
    builder.weight("shape", "i64[2]", [5, 5])
    builder.node("Reshape", "w shape", "y", name="/node")
    builder.outputs(y="f32")
    return builder


@case(3, "/node")
def reshape_with_sizes_below_minus_one(path):
    builder = model(path)
    builder.weight("shape", "i64[2]", [-7, 8])
    builder.node("Reshape", "x shape", "y", name="/node")
    builder.outputs(y="f32")
    return builder


@case(3, "/node")
def more_experts_per_token_than_experts(path):
    builder = model(path, r="f32[n,2]")
    builder.weight("fc1", "f32[2,4,8]")
    builder.weight("fc2", "f32[2,8,4]")
    builder.node("ms.MoE", "x r fc1 _ fc2", "y", name="/node", k=3)
    builder.outputs(y="f32")
    return builder


@case(3, "/node")
def experts_of_another_width(path):
    builder = model(path, r="f32[n,2]")
    builder.weight("fc1", "f32[2,4,7]")
    builder.weight("fc2", "f32[2,8,4]")
    builder.node("ms.MoE", "x r fc1 _ fc2", "y", name="/node", k=1)
    builder.outputs(y="f32")
    return builder


@case(3, "'y'")
def output_that_is_declared_otherwise(path):
    builder = valid(path)
    builder.model.graph.output[0].type.tensor_type.elem_type = 7
    return builder


@case(4, "Frobnicate", "/one", "/two", "acme::Widget", "/widget")
def operators_that_nobody_knows(path):
    builder = model(path)
    builder.model.opset_import.add(domain="acme", version=1)
    builder.node("Frobnicate", "x", "a", name="/one")
    builder.node("Frobnicate", "x", "b", name="/two")
    builder.node("acme.Widget", "x", "y", name="/widget")
    builder.outputs(y="f32")
    return builder


@case(4, "/node", "flavour")
def attribute_that_nobody_knows(path):
    return one_node(path, "Relu", flavour=3)


@case(3, "/node", "'to'")
def attribute_of_another_kind(path):
    return one_node(path, "Cast", to="float")


@case(3, "/node", "twice")
def attribute_given_twice(path):
    builder = one_node(path, "Softmax", axis=1)
    builder.model.graph.node[0].attribute.add(name="axis", i=0, type=2)
    return builder


@case(3, "/node")
def attribute_without_a_name(path):
    builder = one_node(path, "Softmax", axis=1)
    builder.model.graph.node[0].attribute.add(i=0, type=2)
    return builder


@case(3, "/node")
def attribute_with_two_values(path):
    builder = one_node(path, "Softmax", axis=1)
    builder.model.graph.node[0].attribute[0].f = 1.5
    return builder


@case(3, "/node")
def attribute_reference_outside_of_a_function(path):
    builder = one_node(path, "Softmax", axis=1)
    attribute = builder.model.graph.node[0].attribute[0]
    attribute.ClearField("i")
    attribute.ref_attr_name = "axis"
    return builder


group("numbers out of range")


@case(3, "/node", "axis")
def axis_of_the_smallest_number(path):
    return one_node(path, "Softmax", axis=-2**63)


@case(3, "/node", "axis")
def axis_of_the_greatest_number(path):
    return one_node(path, "Flatten", axis=2**63 - 1)


def with_integers(path, operator, inputs, name, values, **attributes):
    builder = model(path)
    builder.weight(name, f"i64[{len(values)}]", values)
    builder.node(operator, inputs, "y", name="/node", **attributes)
    builder.outputs(y="f32")
    return builder


@case(3, "/node")
def top_k_of_minus_one(path):
    return with_integers(path, "TopK", "x k", "k", [-1])


@case(3, "/node")
def top_k_of_the_greatest_number(path):
    return with_integers(path, "TopK", "x k", "k", [2**63 - 1])


@case(3, "/node")
def expand_to_a_size_below_zero(path):
    return with_integers(path, "Expand", "x shape", "shape", [-2, 8])


@case(3, "/node")
def tile_a_negative_number_of_times(path):
    return with_integers(path, "Tile", "x repeats", "repeats", [1, -2**63])


@case(3, "/node")
def unsqueeze_an_axis_twice(path):
    return with_integers(path, "Unsqueeze", "x axes", "axes", [0, 0])


@case(3, "/node")
def squeeze_an_axis_of_8(path):
    return with_integers(path, "Squeeze", "x axes", "axes", [1])


@case(3, "/node")
def split_into_more_than_there_is(path):
    return with_integers(path, "Split", "x split", "split", [2**62], axis=1)


@case(3, "/node")
def transpose_by_axes_of_64_bits(path):
    return one_node(path, "Transpose", perm=[2**62, 2**62 + 1])


@case(3, "/node", "step")
def slice_with_a_step_of_zero(path):
    builder = model(path)
    for name, value in (("starts", 0), ("ends", 1), ("axes", 1), ("steps", 0)):
        builder.weight(name, "i64[1]", [value])
    builder.node("Slice", "x starts ends axes steps", "y", name="/node")
    builder.outputs(y="f32")
    return builder


@case(3, "/node")
def more_experts_per_token_than_there_are_numbers(path):
    builder = model(path, r="f32[n,2]")
    builder.weight("fc1", "f32[2,4,8]")
    builder.weight("fc2", "f32[2,8,4]")
    builder.node("ms.MoE", "x r fc1 _ fc2", "y", name="/node", k=2**63 - 1)
    builder.outputs(y="f32")
    return builder


group("shapes that explode")


@case(5, "/node", "--limit tensor-bytes=N")
def expand_to_exabytes(path):
    return with_integers(path, "Expand", "x shape", "shape", [2**40, 1, 8])


@case(5, "/node", "--limit tensor-bytes=N")
def tile_to_exabytes(path):
    return with_integers(path, "Tile", "x repeats", "repeats", [1, 2**55])


@case(5, "/node", "--limit tensor-bytes=N")
def constant_of_exabytes(path):
    return with_integers(path, "ConstantOfShape", "shape", "shape", [2**31, 2**31])


@case(5, "/node", "--limit rank=N")
def constant_of_rank_1000(path):
    return with_integers(path, "ConstantOfShape", "shape", "shape", [1] * 1000)


@case(3, "/node", "1024")
def shape_of_a_million_sizes(path):
    return with_integers(path, "ConstantOfShape", "shape", "shape", [1] * 1_000_000)


@case(5, "/double", "--limit tensor-bytes=N")
def concat_that_doubles(path):
    builder = model(path)
    for i in range(64):
        source = f"d{i - 1}" if i else "x"
        builder.node("Concat", f"{source} {source}", f"d{i}", name=f"/double{i}", axis=1)
    builder.node("Relu", "d63", "y", name="/relu")
    builder.outputs(y="f32")
    return builder


@case(5, "/expand", "--limit folded-elements=N", options=["--limit", "folded-elements=10000"])
def constants_computed_from_shapes(path):
    builder = model(path)
    builder.weight("one", "i64[1]", [1])
    builder.weight("shape", "i64[1]", [1000])
    for i in range(20):
        builder.node("Expand", "one shape", f"e{i}", name=f"/expand{i}")
    builder.node("Relu", "x", "y", name="/relu")
    builder.outputs(y="f32[n,8]")
    return builder


@case(4, "/last", "Frobnicate")
def sizes_that_grow_as_polynomials(path):
    builder = model(path)
    builder.node("Shape", "x", "s0", name="/shape")
    for i in range(200):
        builder.node("Mul", f"s{i} s{i}", f"t{i}", name=f"/square{i}")
        builder.node("Add", f"t{i} s{i}", f"s{i + 1}", name=f"/sum{i}")
    builder.node("Expand", "x s200", "z", name="/expand")
    builder.node("Frobnicate", "z", "y", name="/last")
    builder.outputs(y="f32")
    return builder
