"""usage: hostile.py MOEC WORK: files that are broken, or made to do harm, through `moec compile` and `moec run`.

Each must end within seconds with exit code 3 (the file is wrong), 4 (not supported) or 5 (right or wrong, it asks for more
than a limit of the reader), as listed, and one message that names the file, the node where there is one, and the reason.
What is listed with each case is a part of the message.

Needs PYTHONPATH as make_model.py.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Import"))
from make_model import Builder

CASES = []


def case(code, *messages):
    """Declares a case. The function gets the path of the model and writes it, or returns a Builder to be written."""
    def declare(function):
        CASES.append((function.__name__.replace("_", "-"), code, messages, function))
        return function
    return declare


def model(out="", version=21, **inputs):
    """A model with inputs x: f32[n,8] and others, without nodes yet."""
    builder = Builder(out)
    builder.opset(version, ms=1)
    builder.inputs(x="f32[n,8]", **inputs)
    return builder


def relu(builder, source="x", target="y", name="/relu"):
    node = builder.node("Relu", source, target, name=name)
    builder.outputs(y="f32[n,8]")
    return node


def valid(path):
    builder = model(path)
    builder.weight("w", "f32[8,8]")
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


# The container.

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


# Names and edges.

@case(3, "/a", "/b", "circle")
def cycle(path):
    builder = model()
    builder.node("Add", "x v", "u", name="/a")
    builder.node("Relu", "u", "v", name="/b")
    relu(builder, "v")
    return builder


@case(3, "/self")
def node_that_reads_itself(path):
    builder = model()
    builder.node("Add", "x t", "t", name="/self")
    relu(builder, "t")
    return builder


@case(3, "/relu", "nowhere")
def undefined_input(path):
    builder = model()
    relu(builder, "nowhere")
    return builder


@case(3, "'y'")
def output_that_nothing_computes(path):
    builder = model()
    builder.node("Relu", "x", "t", name="/relu")
    builder.outputs(y="f32[n,8]")
    return builder


@case(3, "/second", "'y'")
def value_defined_twice(path):
    builder = model()
    builder.node("Relu", "x", "y", name="/first")
    relu(builder, name="/second")
    return builder


@case(3, "'x'")
def inputs_of_one_name(path):
    builder = model()
    builder.inputs(x="f32[n,8]")
    relu(builder)
    return builder


@case(3, "'w'")
def initialisers_of_one_name(path):
    builder = valid(path)
    builder.weight("w", "f32[8,8]")
    return builder


@case(3, r"/\u{1b}[31mred\u{a}")
def control_characters_in_a_name(path):
    builder = model()
    relu(builder, "nowhere", name="/\x1b[31mred\n")
    return builder


# Types.

@case(3, "/slice", "starts", "f64")
def slice_from_fractions(path):
    builder = model()
    builder.weight("starts", "f64[1]", [0])
    builder.weight("ends", "i64[1]", [1])
    builder.node("Slice", "x starts ends", "y", name="/slice")
    builder.outputs(y="f32[n,8]")
    return builder


# Functions and nested graphs.

@case(3, "F")
def function_that_calls_itself(path):
    builder = model()
    function = builder.model.functions.add(name="F", domain="acme")
    function.input.append("a")
    function.output.append("b")
    function.opset_import.add(domain="acme", version=1)
    function.node.add(op_type="F", domain="acme", input=["a"], output=["b"], name="/again")
    builder.model.opset_import.add(domain="acme", version=1)
    builder.node("acme.F", "x", "y", name="/call")
    builder.outputs(y="f32[n,8]")
    return builder


@case(5, "/call", "limit")
def functions_in_functions_in_functions(path):
    builder = model()
    builder.model.opset_import.add(domain="acme", version=1)
    for i in range(100):
        function = builder.model.functions.add(name=f"F{i}", domain="acme")
        function.input.append("a")
        function.output.append("b")
        function.opset_import.add(domain="acme", version=1)
        function.opset_import.add(domain="", version=21)
        kind, domain = (f"F{i - 1}", "acme") if i else ("Relu", "")
        function.node.add(op_type=kind, domain=domain, input=["a"], output=["b"])
    builder.node("acme.F99", "x", "y", name="/call")
    builder.outputs(y="f32[n,8]")
    return builder


@case(5, "/call", "limit", "nodes", "3221225469")
def functions_that_double(path):
    builder = model(path)
    builder.model.opset_import.add(domain="acme", version=1)
    for i in range(30):
        function = builder.model.functions.add(name=f"F{i}", domain="acme")
        function.input.append("a")
        function.output.append("c")
        function.opset_import.add(domain="acme", version=1)
        function.opset_import.add(domain="", version=21)
        kind, domain = (f"F{i - 1}", "acme") if i else ("Relu", "")
        function.node.add(op_type=kind, domain=domain, input=["a"], output=["b"])
        function.node.add(op_type=kind, domain=domain, input=["b"], output=["c"])
    builder.node("acme.F29", "x", "y", name="/call")
    builder.outputs(y="f32[n,8]")
    return builder


@case(5, "nesting")
def graphs_in_graphs_in_graphs(path):
    # ModelProto.graph > node > attribute > graph, 2000 levels deep, by hand: libraries refuse to write it.
    def field(number, data):
        size, head = len(data), bytes([number << 3 | 2])
        while size > 127:
            head, size = head + bytes([size & 127 | 128]), size >> 7
        return head + bytes([size]) + data
    graph = b""
    for _ in range(2000):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    write(path, b"\x08\x0a" + field(7, graph) + field(8, b"\x10\x15"))


@case(4, "If", "/if")
def control_flow(path):
    builder = model(c="bool[1]")
    node = builder.node("If", "c", "y", name="/if")
    for branch in ("then_branch", "else_branch"):
        attribute = node.attribute.add(name=branch, type=5)
        attribute.g.name = branch
        attribute.g.node.add(op_type="Relu", input=["x"], output=[branch + "_y"], name="/in/" + branch)
        attribute.g.output.add(name=branch + "_y")
    builder.outputs(y="f32[n,8]")
    return builder


# Tensors.

def tensor(path, dims, data=b"", data_type=1):
    builder = model(path)
    weight = builder.model.graph.initializer.add(name="w", data_type=data_type)
    weight.dims.extend(dims)
    weight.raw_data = data
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


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


# External data.

def external(path, **entries):
    builder = model(path)
    builder.weight("w", "f32[8,8]", external=True)
    write(path + ".data", bytes(256))
    builder.external = b""
    data = builder.model.graph.initializer[0].external_data
    for key, value in entries.items():
        for entry in [entry for entry in data if entry.key == key]:
            data.remove(entry)
        if value is not None:
            data.add(key=key, value=value)
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


@case(3, "'w'")
def external_path_to_the_parent(path):
    write(os.path.join(os.path.dirname(path), "..", "secret.bin"), bytes(256))
    return external(path, location="../secret.bin")


@case(3, "'w'")
def external_path_that_hides_the_parent(path):
    return external(path, location="a/../../secret.bin")


@case(3, "'w'")
def external_absolute_path(path):
    return external(path, location="/etc/hostname", length="4")


@case(3, "'w'")
def external_device(path):
    return external(path, location="/dev/zero")


@case(3, "'w'")
def external_link_out_of_the_folder(path):
    link = path + ".link"
    if not os.path.lexists(link):
        os.symlink("/etc/hostname", link)
    return external(path, location=os.path.basename(link), length="4")


@case(3, "'w'")
def external_fifo(path):
    fifo = path + ".fifo"
    if not os.path.exists(fifo):
        os.mkfifo(fifo)
    return external(path, location=os.path.basename(fifo))


@case(3, "'w'")
def external_file_is_a_folder(path):
    return external(path, location=".")


@case(3, "'w'")
def external_file_is_missing(path):
    return external(path, location="missing.bin")


@case(3, "'w'")
def external_path_with_a_nul(path):
    return external(path, location="model.onnx\0.data")


@case(3, "'w'")
def external_without_location(path):
    return external(path, location=None)


@case(3, "'w'")
def external_offset_below_zero(path):
    return external(path, offset="-256")


@case(3, "'w'")
def external_offset_overflows(path):
    return external(path, offset="18446744073709551488")


@case(3, "'w'")
def external_offset_behind_the_end(path):
    return external(path, offset="4096")


@case(3, "'w'")
def external_length_behind_the_end(path):
    return external(path, offset="128")


@case(3, "'w'")
def external_length_is_no_number(path):
    return external(path, length="lots")


@case(3, "'w'")
def external_length_is_another(path):
    return external(path, length="64")


# Nodes.

def one_node(path, operator, inputs="x", **attributes):
    builder = model(path, i="i64[n,8]", z="f32[n,5]")
    builder.node(operator, inputs, "y", name="/node", **attributes)
    builder.outputs(y="f32")
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


# Running.

LIMIT_SECONDS = 60


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_SECONDS)
    return done.returncode, done.stderr.decode("utf-8", "replace")


def complaint(code, text, path, wanted, messages):
    """What is wrong with an outcome, or None."""
    lines = [line for line in text.splitlines() if line.startswith("moec: ")]
    if code != wanted:
        return f"exit code {code}, expected {wanted}: {text.strip()[:400]}"
    if len(lines) != 1 or not text.startswith("moec: "):
        return f"expected one message, got: {text.strip()[:400]}"
    if re.search("[\0-\x08\x0b-\x1f\x7f]", text):
        return f"control characters in: {text!r}"
    missing = [part for part in (os.path.basename(path), *messages) if part not in text]
    return f"no {missing} in: {text.strip()[:400]}" if missing else None


def compile_one(moec, work, entry):
    name, code, messages, function = entry
    folder = os.path.join(work, "models", name)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    builder = function(path)
    if builder:
        write(path, builder.model.SerializeToString())
    result, text = run([moec, "compile", path, "-o", os.path.join(folder, "out.so"), "--quiet"])
    if os.path.exists(os.path.join(folder, "out.so")):
        return "has written an artifact"
    return complaint(result, text, path, code, messages)


def weights_cases(good):
    """Names and damaged copies of a weights file."""
    yield "empty", b""
    yield "truncated-in-the-header", good[:20]
    yield "truncated", good[:len(good) // 2]
    yield "truncated-by-a-byte", good[:-1]
    yield "another-magic", b"X" + good[1:]
    yield "of-zeros", bytes(len(good))
    for at in (8, 16, 24, 32, 40, 48):
        yield f"header-byte-{at}", good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1:]
    yield "all-counts-high", good[:8] + b"\xff" * 56 + good[64:]


def weights(moec, work):
    """Damaged weights beside a shared object that is right. Yields names and complaints."""
    library = os.path.join(work, "model.so")
    for path, size in ((os.path.join(work, "valid.onnx"), 8), (os.path.join(work, "other.onnx"), 16)):
        builder = model(path)
        builder.weight("w", f"f32[8,{size}]")
        builder.node("MatMul", "x w", "y", name="/matmul")
        builder.outputs(y=f"f32[n,{size}]")
        write(path, builder.model.SerializeToString())
    for source, target in (("valid.onnx", library), ("other.onnx", os.path.join(work, "other.so"))):
        subprocess.run([moec, "compile", os.path.join(work, source), "-o", target, "--quiet", "--target=cpu:v2"],
                       check=True)
    subprocess.run([moec, "run", library, "--random", "1", "--bind", "n=2", "--quiet"], check=True)
    with open(library + ".weights", "rb") as file:
        good = file.read()
    with open(os.path.join(work, "other.so.weights"), "rb") as file:
        damaged = [*weights_cases(good), ("of-another-model", file.read())]
    for name, data in damaged:
        path = os.path.join(work, name + ".weights")
        write(path, data)
        code, text = run([moec, "run", library, "--weights", path, "--random", "1", "--bind", "n=2", "--quiet"])
        problem = None
        if code != 3:
            problem = f"exit code {code}, expected 3: {text.strip()[:400]}"
        elif len(text.splitlines()) != 1 or name + ".weights" not in text:
            problem = f"expected one message with the name of the file, got: {text.strip()[:400]}"
        yield "weights-" + name, problem


def main(moec, work):
    os.makedirs(work, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        problems = list(pool.map(lambda entry: compile_one(moec, work, entry), CASES))
    results = [(entry[0], problem) for entry, problem in zip(CASES, problems)] + list(weights(moec, work))
    for name, problem in results:
        if problem:
            print(f"{name}: {problem}")
    wrong = sum(problem is not None for _, problem in results)
    print(f"{len(results) - wrong} of {len(results)} files refused")
    models = [entry[1] for entry, problem in zip(CASES, problems) if not problem]
    print("models by exit code:", ", ".join(f"{code}: {models.count(code)}" for code in (3, 4, 5)))
    sys.exit(wrong != 0)


main(*sys.argv[1:])
