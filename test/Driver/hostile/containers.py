"""Files that are no model, and models whose container is wrong."""
import os

from common import case, group, model, relu, valid, write


group("container")


@case(3)
def empty_file(path):
    write(path, b"")


@case(3)
def no_protobuf(path):
    write(path, b"PK\x03\x04 this is an archive" * 20)


@case(3)
def truncated_in_the_graph(path):
    data = valid(path).model.SerializeToString()
    write(path, data[:len(data) // 2])


@case(3)
def truncated_by_a_byte(path):
    write(path, valid(path).model.SerializeToString()[:-1])


@case(3)
def length_beyond_the_file(path):
    # Field 7, the graph, of 2^62 bytes.
    write(path, valid(path).model.SerializeToString() + b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x3f")


@case(3)
def endless_varint(path):
    write(path, b"\x08" + b"\xff" * 64)


@case(3)
def only_a_graph(path):
    write(path, valid(path).model.graph.SerializeToString())


@case(3, "graph")
def no_graph(path):
    builder = model()
    builder.model.ClearField("graph")
    return builder


@case(4, "IR")
def newer_container(path):
    builder = valid(path)
    builder.model.ir_version = 1000
    return builder


@case(3)
def no_operator_sets(path):
    builder = valid(path)
    del builder.model.opset_import[:]
    return builder


@case(3, "acme")
def domain_that_is_not_imported(path):
    builder = model()
    builder.node("acme.Thing", "x", "y", name="/thing")
    builder.outputs(y="f32[n,8]")
    return builder


@case(4, "MatMul", "99")
def operator_set_of_the_future(path):
    builder = valid(path)
    builder.model.opset_import[0].version = 99
    return builder


@case(3)
def operator_set_below_zero(path):
    builder = valid(path)
    builder.model.opset_import[0].version = -3
    return builder


@case(3)
def name_that_is_no_utf8(path):
    builder = model()
    relu(builder, name="/relu-name")
    write(path, builder.model.SerializeToString().replace(b"/relu-name", b"/relu\xff\xfe\xfd\xfc\xfb"))


@case(3, "gzip")
def gzip_archive(path):
    write(path, b"\x1f\x8b\x08\0" + bytes(100))


@case(3, "PyTorch")
def zip_archive(path):
    write(path, b"PK\x03\x04" + bytes(100))


@case(3, ".ort")
def onnx_runtime_flatbuffer(path):
    write(path, b"\x1c\0\0\0ORTM" + bytes(100))


@case(3, "text")
def onnx_as_text(path):
    write(path, b"<ir_version: 8, opset_import: [\"\": 21]>\nmain (float[N] x) => (float[N] y) { y = Relu(x) }\n")


@case(3, "Git LFS")
def pointer_instead_of_a_model(path):
    write(path, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")


@case(3, "directory")
def folder_instead_of_a_model(path):
    os.makedirs(path, exist_ok=True)


@case(3, "not a regular file")
def pipe_instead_of_a_model(path):
    if not os.path.exists(path):
        os.mkfifo(path)


@case(4, "2017")
def container_of_2017(path):
    builder = valid(path)
    builder.model.ir_version = 2
    return builder


@case(3, "IR version -1")
def container_of_no_time(path):
    builder = valid(path)
    builder.model.ir_version = -1
    return builder


group("operator sets")


@case(3, "twice")
def operator_set_imported_twice(path):
    builder = valid(path)
    builder.model.opset_import.add(domain="", version=13)
    return builder


@case(3)
def operator_set_of_2_to_the_63(path):
    builder = valid(path)
    builder.model.opset_import[0].version = -2**63
    return builder


@case(4, "MatMul")
def operator_set_of_the_greatest_number(path):
    builder = valid(path)
    builder.model.opset_import[0].version = 2**63 - 1
    return builder


@case(4, "/squeeze", "Frobnicate")
def operator_of_another_domain(path):
    builder = model(path)
    builder.node("ms.Frobnicate", "x", "y", name="/squeeze")
    builder.outputs(y="f32")
    return builder


@case(4, "MoE", "99")
def contrib_operators_of_the_future(path):
    builder = model(path, r="f32[n,2]")
    builder.model.opset_import[1].version = 99
    builder.weight("fc1", "f32[2,4,8]")
    builder.weight("fc2", "f32[2,8,4]")
    builder.node("ms.MoE", "x r fc1 _ fc2", "y", name="/node", k=1)
    builder.outputs(y="f32")
    return builder


@case(4, "/old", "operator set 5")
def operator_older_than_its_readers(path):
    builder = model(path, version=5)
    builder.node("Gelu", "x", "y", name="/old")
    builder.outputs(y="f32")
    return builder


group("wire format")


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


@case(3, "graph.node[0]")
def node_that_is_a_number(path):
    write(path, b"\x08\x0a" + field(7, varint(1 << 3) + b"\x05") + field(8, b"\x10\x15"))


@case(3, "field number 0")
def field_of_number_zero(path):
    write(path, valid(path).model.SerializeToString() + b"\x02\x01a")


@case(3, "wire type 7")
def field_of_no_wire_type(path):
    write(path, valid(path).model.SerializeToString() + varint(900 << 3 | 7))


@case(3, "group")
def group_that_does_not_end(path):
    write(path, valid(path).model.SerializeToString() + varint(900 << 3 | 3))


@case(3, "group ends")
def group_that_did_not_begin(path):
    write(path, valid(path).model.SerializeToString() + varint(900 << 3 | 4))


@case(5, "--limit message-depth=N")
def groups_in_groups(path):
    write(path, valid(path).model.SerializeToString() + varint(900 << 3 | 3) * 200_000)


@case(3, "graph.initializer[0]", "packed")
def packed_sizes_that_end_in_the_middle(path):
    tensor_bytes = field(1, b"\x08\x88") + b"\x10\x01"
    write(path, b"\x08\x0a" + field(7, field(5, tensor_bytes)) + field(8, b"\x10\x15"))


@case(3, "runs past the end")
def field_past_its_message(path):
    write(path, b"\x08\x0a" + field(7, field(1, b"\x22\x7fRelu") + bytes(200)) + field(8, b"\x10\x15"))


@case(3, "raw_data occurs twice")
def two_pieces_of_raw_data(path):
    tensor_bytes = field(1, b"\x01") + b"\x10\x01" + field(9, bytes(4)) + field(9, bytes(4))
    write(path, b"\x08\x0a" + field(7, field(5, tensor_bytes)) + field(8, b"\x10\x15"))


@case(3, "UTF-8")
def overlong_utf8_in_a_name(path):
    builder = model()
    relu(builder, name="/relu-name")
    write(path, builder.model.SerializeToString().replace(b"/relu-name", b"/relu\xc0\xaename"))


@case(3, "UTF-8")
def surrogates_in_a_name(path):
    builder = model()
    relu(builder, name="/relu-name")
    write(path, builder.model.SerializeToString().replace(b"/relu-name", b"/rel\xed\xa0\x80nam"))
