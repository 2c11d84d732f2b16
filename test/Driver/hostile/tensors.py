"""Tensors whose shape, type and data contradict each other."""
from common import case, group, model, relu, tensor, valid


group("tensors")


@case(3, "'w'")
def negative_size(path):
    return tensor(path, [8, -8], bytes(256))


@case(3, "'w'")
def product_of_sizes_overflows(path):
    return tensor(path, [2**62, 2**62, 4])


@case(3, "'w'")
def product_of_sizes_wraps_to_little(path):
    return tensor(path, [2**32, 2**32, 64], bytes(256))


@case(3, "'w'")
def sizes_without_data(path):
    return tensor(path, [2**20, 2**20])


@case(3, "'w'")
def too_little_data(path):
    return tensor(path, [8, 8], bytes(255))


@case(3, "'w'")
def too_much_data(path):
    return tensor(path, [8, 8], bytes(257))


@case(4, "'w'", "777")
def unknown_element_type(path):
    return tensor(path, [8, 8], bytes(256), data_type=777)


@case(3, "'w'")
def data_in_the_wrong_field(path):
    builder = tensor(path, [8, 8])
    builder.model.graph.initializer[0].ClearField("raw_data")
    builder.model.graph.initializer[0].int32_data.extend(range(64))
    return builder


@case(5, "'w'", "limit")
def rank_of_a_thousand(path):
    return tensor(path, [1] * 1000, bytes(4))


@case(3, "'x'")
def input_of_unknown_type(path):
    builder = valid(path)
    builder.model.graph.input[0].type.tensor_type.elem_type = 999
    return builder


@case(4, "'s'")
def input_of_strings(path):
    builder = model(s="str[n]")
    relu(builder)
    return builder


@case(3, "'w'", "2^63")
def size_of_2_to_the_63(path):
    return tensor(path, [-2**63], b"")


@case(3, "'w'")
def size_of_2_to_the_31(path):
    return tensor(path, [2**31], bytes(4))


@case(3, "'w'")
def size_of_minus_one(path):
    return tensor(path, [-1, 8], bytes(32))


@case(3, "'w'")
def empty_tensor_of_overflowing_strides(path):
    return tensor(path, [0, 2**62, 2**62])


@case(5, "'w'", "--limit tensor-bytes=N")
def tensor_of_8_tebibytes(path):
    return tensor(path, [2**41], b"")


@case(3, "'w'", "more than one place")
def data_in_two_places(path):
    builder = tensor(path, [8, 8], bytes(256))
    builder.model.graph.initializer[0].float_data.extend([0.0] * 64)
    return builder


@case(4, "'w'", "segments")
def tensor_in_segments(path):
    builder = tensor(path, [8, 8], bytes(256))
    builder.model.graph.initializer[0].segment.begin = 0
    return builder


@case(3, "'w'", "element type")
def tensor_without_a_type(path):
    return tensor(path, [8, 8], bytes(256), data_type=0)


@case(3, "/node", "int8")
def numbers_that_do_not_fit(path):
    builder = tensor(path, [2], data_type=3)
    del builder.model.graph.node[:]
    builder.model.graph.initializer[0].ClearField("raw_data")
    builder.model.graph.initializer[0].int32_data.extend([1, 1000])
    builder.node("Add", "w w", "y", name="/node")
    return builder


group("strings")


def strings(path, data, dims=(2,), **fields):
    builder = model(path)
    weight = builder.model.graph.initializer.add(name="w", data_type=8, dims=list(dims), **fields)
    weight.string_data.extend(data)
    builder.node("Identity", "w", "y", name="/node")
    builder.outputs(y="str[2]")
    return builder


@case(3, "'w'", "string_data")
def too_few_strings(path):
    return strings(path, [b"one"])


@case(3, "'w'", "string_data")
def strings_in_raw_data(path):
    return strings(path, [], raw_data=b"onetwo")


@case(3, "'w'", "string_data")
def strings_in_another_file(path):
    builder = strings(path, [], data_location=1)
    builder.model.graph.initializer[0].external_data.add(key="location", value="model.onnx")
    return builder


@case(3, "'w'")
def number_of_strings_that_overflows(path):
    return strings(path, [b"one"], dims=(2**40, 2**40))


@case(4, "element type string", "/node")
def strings_where_numbers_are_computed(path):
    return strings(path, [b"one\x1b[31m", b"two"])


group("sparse tensors")


def sparse(path, dims, values, indices, index_dims=None, **fields):
    builder = model(path)
    tensor = builder.model.graph.sparse_initializer.add(dims=dims)
    tensor.values.CopyFrom(type(tensor.values)(name="w", data_type=1, dims=[len(values)], float_data=values))
    tensor.indices.CopyFrom(type(tensor.indices)(data_type=7, dims=index_dims or [len(indices)], int64_data=indices,
                                                 **fields))
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


@case(3, "'w'", "index 64")
def sparse_index_behind_the_end(path):
    return sparse(path, [8, 8], [1.0], [64])


@case(3, "'w'", "index -1")
def sparse_index_below_zero(path):
    return sparse(path, [8, 8], [1.0], [-1])


@case(3, "'w'", "ascend")
def sparse_indices_that_repeat(path):
    return sparse(path, [8, 8], [1.0, 2.0], [3, 3])


@case(3, "'w'", "indices of shape")
def sparse_indices_of_another_rank(path):
    return sparse(path, [8, 8], [1.0], [0, 0, 0], index_dims=[1, 3])


@case(3, "'w'")
def sparse_shape_that_overflows(path):
    return sparse(path, [2**40, 2**40], [1.0], [0])


@case(3, "'w'", "more values")
def more_sparse_values_than_elements(path):
    return sparse(path, [1], [1.0, 2.0], [0, 1])


@case(5, "'w'", "--limit sparse-dense-bytes=N")
def sparse_tensor_of_4_gibibytes(path):
    return sparse(path, [2**15, 2**15], [1.0], [0])


@case(5, "'w'", "--limit rank=N")
def sparse_tensor_of_rank_100(path):
    return sparse(path, [1] * 100, [1.0], [0])


group("declared types")


def declared(path, change):
    builder = valid(path)
    change(builder.model.graph.input[0].type)
    return builder


@case(4, "'x'")
def input_that_is_a_sequence(path):
    return declared(path, lambda type: type.sequence_type.elem_type.tensor_type.SetInParent())


@case(4, "'x'")
def input_that_is_a_map(path):
    return declared(path, lambda type: type.map_type.value_type.tensor_type.SetInParent())


@case(4, "'x'")
def input_that_is_opaque(path):
    def change(type):
        type.opaque_type.name = "\x1b]0;title\x07"
    return declared(path, change)


@case(4, "'x'")
def input_without_a_type(path):
    return declared(path, lambda type: type.Clear())


@case(4, "'x'")
def input_of_complex_numbers(path):
    def change(type):
        type.tensor_type.elem_type = 14
    return declared(path, change)


@case(5, "--limit message-depth=N")
def type_of_sequences_of_sequences(path):
    builder = valid(path)
    type = builder.model.graph.input[0].type
    for _ in range(60):
        type.Clear()
        type = type.sequence_type.elem_type
    type.tensor_type.elem_type = 1
    return builder


@case(5, "'x'", "--limit tensor-bytes=N")
def input_whose_size_overflows(path):
    def change(type):
        for dim in type.tensor_type.shape.dim:
            dim.dim_value = 2**62
    return declared(path, change)


@case(5, "'x'", "--limit tensor-bytes=N")
def empty_input_whose_strides_overflow(path):
    def change(type):
        for size in (0, 2**40, 2**40):
            type.tensor_type.shape.dim.add(dim_value=size)
    return declared(path, change)


@case(5, "graph.input[0]", "--limit rank=N")
def input_of_rank_100(path):
    def change(type):
        for _ in range(98):
            type.tensor_type.shape.dim.add(dim_value=1)
    return declared(path, change)
