"""Files that ask for more than a limit: by default, or by one that the command line lowers."""
from common import case, group, model, one_node, relu, tensor, valid, write

group("limits")


@case(5, "--limit file-bytes=N", options=["--limit", "file-bytes=100"])
def file_above_the_limit(path):
    return tensor(path, [8, 8], bytes(256))


@case(5, "graph.node[0]", "--limit parsed-bytes=N", options=["--limit", "parsed-bytes=2000"])
def memory_above_the_limit(path):
    builder = model(path)
    relu(builder).doc_string = "d" * 3000
    return builder


@case(5, "graph.node[2]", "--limit nodes=N", options=["--limit", "nodes=2"])
def nodes_above_the_limit(path):
    builder = model(path)
    for i in range(3):
        builder.node("Relu", f"v{i - 1}" if i else "x", f"v{i}", name=f"/relu{i}")
    relu(builder, "v2")
    return builder


@case(5, "graph.node[0].input[3]", "--limit operands=N", options=["--limit", "operands=3"])
def operands_above_the_limit(path):
    return one_node(path, "Concat", "x x x x", axis=1)


@case(5, "graph.node[0].attribute[65536]", "--limit operands=N")
def attributes_of_one_node(path):
    builder = model(path)
    node = relu(builder)
    for _ in range(65537):
        node.attribute.add()
    return builder


@case(5, "graph.node[0].name", "--limit name-bytes=N")
def name_of_100_000_bytes(path):
    builder = model(path)
    relu(builder, name="n" * 100_000)
    return builder


@case(5, "graph.input[0].type.tensor_type.shape.dim[0].dim_param", "--limit name-bytes=N")
def size_of_a_long_name(path):
    builder = valid(path)
    builder.model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n" * 100_000
    return builder


@case(5, "graph.node[0].attribute[0].ints", "--limit attribute-bytes=N", options=["--limit", "attribute-bytes=1000"])
def attribute_of_many_numbers(path):
    return one_node(path, "Transpose", perm=list(range(1000)))


@case(5, "graph.node[0].attribute[0].s", "--limit attribute-bytes=N")
def attribute_of_65_mebibytes(path):
    builder = one_node(path, "Relu")
    builder.model.graph.node[0].attribute.add(name="text", type=3, s=b"t" * (65 << 20))
    return builder


@case(5, "graph.initializer[1]", "--limit tensors=N", options=["--limit", "tensors=1"])
def tensors_above_the_limit(path):
    builder = tensor(path, [8, 8], bytes(256))
    builder.weight("v", "f32[1]")
    return builder


@case(5, "'w'", "--limit tensor-bytes=N", options=["--limit", "tensor-bytes=255"])
def tensor_above_the_limit(path):
    return tensor(path, [8, 8], bytes(256))


@case(5, "graph.input[0].type.tensor_type.shape.dim[1]", "--limit rank=N", options=["--limit", "rank=1"])
def rank_above_the_limit(path):
    return tensor(path, [8, 8], bytes(256))


@case(5, "--limit constant-bytes=N", options=["--limit", "constant-bytes=100"])
def constants_above_the_limit(path):
    builder = model(path)
    builder.weight("w", "i64[64]")
    builder.node("Gather", "w w", "g", name="/gather")
    relu(builder)
    return builder


@case(5, "--limit message-depth=N", options=["--limit", "message-depth=4"])
def messages_above_the_limit(path):
    return valid(path)


group("bombs")


@case(5, "--limit operands=N")
def inputs_of_two_bytes(path):
    # A name of no bytes takes two bytes of the file, and tens of memory.
    builder = model(path)
    relu(builder).input.extend([""] * 1_000_000)
    return builder


@case(3, "without a name")
def initialisers_of_two_bytes(path):
    builder = valid(path)
    data = builder.model.graph.SerializeToString() + b"\x2a\x00" * 500_000
    size, head = len(data), b"\x3a"
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    builder.model.ClearField("graph")
    write(path, builder.model.SerializeToString() + head + bytes([size]) + data)


@case(3, "'w'")
def tensor_of_a_tebibyte_without_data(path):
    return tensor(path, [2**38], b"")


@case(3, "'w'", "shape")
def tensor_of_63_sizes_of_two(path):
    return tensor(path, [2] * 63, b"")


@case(4, "Frobnicate", "and 99984 more")
def nodes_that_nobody_knows(path):
    builder = model(path)
    for i in range(100_000):
        builder.node("Frobnicate", "x", f"v{i}", name=f"/node{i}")
    relu(builder)
    return builder


@case(4, "/last", "Frobnicate")
def chain_of_20_000_nodes(path):
    builder = model(path)
    for i in range(20_000):
        builder.node("Relu", f"v{i - 1}" if i else "x", f"v{i}", name=f"/node{i}")
    builder.node("Frobnicate", "v19999", "y", name="/last")
    builder.outputs(y="f32[n,8]")
    return builder


@case(3, "circle")
def circle_of_50_000_nodes(path):
    builder = model(path)
    for i in range(50_000):
        builder.node("Relu", f"v{i - 1 if i else 49_999}", f"v{i}", name=f"/node{i}")
    relu(builder)
    return builder


group("initialisers")


@case(3, "without a name")
def initialiser_without_a_name(path):
    builder = valid(path)
    builder.model.graph.initializer[0].name = ""
    return builder


@case(3, "/matmul", "'w'")
def node_that_computes_an_initialiser(path):
    builder = valid(path)
    builder.model.graph.node[0].output[0] = "w"
    return builder


@case(3, "'w'")
def sparse_initialiser_of_the_same_name(path):
    builder = valid(path)
    sparse = builder.model.graph.sparse_initializer.add(dims=[4])
    sparse.values.CopyFrom(type(sparse.values)(name="w", data_type=1, dims=[1], float_data=[1.0]))
    sparse.indices.CopyFrom(type(sparse.indices)(data_type=7, dims=[1], int64_data=[0]))
    return builder


@case(3, "'w'")
def initialiser_without_data(path):
    builder = valid(path)
    builder.model.graph.initializer[0].ClearField("raw_data")
    builder.model.graph.initializer[0].ClearField("float_data")
    return builder


@case(3, "'y'")
def initialiser_declared_as_an_output_twice(path):
    builder = valid(path)
    builder.model.graph.output.add().CopyFrom(builder.model.graph.output[0])
    return builder


group("names on a terminal")


def undefined(path, name):
    builder = model(path)
    relu(builder, "nowhere", name=name)
    return builder


@case(3, r"\u{202e}gnp.exe")
def name_that_turns_the_direction(path):
    return undefined(path, "/\u202egnp.exe")


@case(3, r"\u{9b}31m")
def name_with_a_c1_control(path):
    return undefined(path, "/\u009b31m")


@case(3, r"\u{200b}")
def name_with_an_invisible_blank(path):
    return undefined(path, "/a\u200bb")


@case(3, r"/a\'; rm -rf ~ \'")
def name_with_quotes(path):
    return undefined(path, "/a'; rm -rf ~ '")


@case(3, r"/one\u{a}moec: /two")
def name_that_forges_a_message(path):
    return undefined(path, "/one\nmoec: /two")


@case(3, "nnn...")
def name_of_50_000_bytes(path):
    return undefined(path, "n" * 50_000)


@case(4, r"Frob\u{1b}[31m", r"\u{7}")
def operator_that_rings(path):
    builder = model(path)
    builder.node("Frob\x1b[31m", "x", "y", name="/\x07")
    builder.outputs(y="f32")
    return builder


@case(4, r"\u{1b}")
def attribute_that_rings(path):
    builder = one_node(path, "Relu")
    builder.model.graph.node[0].attribute.add(name="\x1bc", type=2, i=1)
    return builder
