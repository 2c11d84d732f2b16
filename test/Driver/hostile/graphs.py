"""Names, edges, functions and nested graphs."""
from common import case, group, model, relu, valid, write


group("names and edges")


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


group("functions and nested graphs")


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


def call(path, inputs="x", outputs="y", **attributes):
    """A model that calls acme.F, and the function, of input a and output b."""
    builder = model(path)
    builder.model.opset_import.add(domain="acme", version=1)
    function = builder.model.functions.add(name="F", domain="acme")
    function.input.append("a")
    function.output.append("b")
    function.opset_import.add(domain="", version=21)
    builder.node("acme.F", inputs, outputs, name="/call", **attributes)
    builder.outputs(y="f32[n,8]")
    return builder, function


@case(3, "/call", "2 inputs")
def call_with_too_many_inputs(path):
    builder, function = call(path, inputs="x x")
    function.node.add(op_type="Relu", input=["a"], output=["b"])
    return builder


@case(3, "/call", "2 outputs")
def call_with_too_many_outputs(path):
    builder, function = call(path, outputs="y z")
    function.node.add(op_type="Relu", input=["a"], output=["b"])
    return builder


@case(3, "/call", "flavour")
def call_with_an_attribute_that_is_not_declared(path):
    builder, function = call(path, flavour=1)
    function.node.add(op_type="Relu", input=["a"], output=["b"])
    return builder


@case(3, "/call", "not computed")
def function_that_computes_nothing(path):
    return call(path)[0]


@case(3, "'x'", "neither")
def function_that_captures(path):
    builder, function = call(path)
    function.node.add(op_type="Relu", input=["x"], output=["b"])
    return builder


@case(3, "'acme.F'", "twice")
def functions_of_one_name(path):
    builder, function = call(path)
    function.node.add(op_type="Relu", input=["a"], output=["b"])
    builder.model.functions.add().CopyFrom(function)
    return builder


@case(3, "circle")
def functions_in_a_circle(path):
    builder, function = call(path)
    function.opset_import.add(domain="acme", version=1)
    function.node.add(op_type="G", domain="acme", input=["a"], output=["b"])
    other = builder.model.functions.add()
    other.CopyFrom(function)
    other.name, other.node[0].op_type = "G", "F"
    return builder


@case(5, "--limit expanded-nodes=N", options=["--limit", "expanded-nodes=10"])
def function_of_many_nodes(path):
    builder, function = call(path)
    for i in range(12):
        function.node.add(op_type="Relu", input=[f"b{i}" if i else "a"], output=[f"b{i + 1}" if i < 11 else "b"])
    return builder


@case(5, "/call", "--limit expanded-bytes=N")
def functions_whose_names_double(path):
    builder, function = call(path)
    function.name = "F29"
    builder.model.graph.node[0].op_type = "F29"
    del builder.model.functions[:]
    for i in range(14):
        function = builder.model.functions.add(name=f"F{29 - i}", domain="acme", input=["a"], output=["b"])
        function.opset_import.add(domain="acme", version=1)
        function.opset_import.add(domain="", version=21)
        kind, domain = (f"F{28 - i}", "acme") if i < 13 else ("Relu", "")
        for j in range(2):
            function.node.add(op_type=kind, domain=domain, input=["b0" if j else "a"], output=["b" if j else "b0"],
                              name="n" * 60_000)
    return builder


group("nested graphs")


def branches(path, fill):
    builder = model(path, c="bool[]")
    node = builder.node("If", "c", "y", name="/if")
    for branch in ("then_branch", "else_branch"):
        attribute = node.attribute.add(name=branch, type=5)
        attribute.g.name = branch
        fill(attribute.g)
    builder.outputs(y="f32[n,8]")
    return builder


@case(3, "/inner", "nowhere")
def branch_that_reads_nothing(path):
    def fill(graph):
        graph.node.add(op_type="Relu", input=["nowhere"], output=["r"], name="/inner")
        graph.output.add(name="r")
    return branches(path, fill)


@case(3, "'r'")
def branch_that_defines_twice(path):
    def fill(graph):
        for name in ("/inner", "/again"):
            graph.node.add(op_type="Relu", input=["x"], output=["r"], name=name)
        graph.output.add(name="r")
    return branches(path, fill)


@case(3, "'never'")
def branch_whose_output_is_not_computed(path):
    def fill(graph):
        graph.node.add(op_type="Relu", input=["x"], output=["r"], name="/inner")
        graph.output.add(name="never")
    return branches(path, fill)


@case(3, "circle")
def branch_with_a_circle(path):
    def fill(graph):
        graph.node.add(op_type="Relu", input=["b"], output=["a"], name="/a")
        graph.node.add(op_type="Relu", input=["a"], output=["b"], name="/b")
        graph.output.add(name="a")
    return branches(path, fill)


@case(4, "Loop", "/loop")
def loop_without_an_end(path):
    builder = model(path)
    node = builder.node("Loop", "_ _ x", "y", name="/loop")
    body = node.attribute.add(name="body", type=5).g
    body.name = "body"
    for name in ("i", "go", "v"):
        body.input.add(name=name)
    body.node.add(op_type="Identity", input=["go"], output=["again"], name="/go")
    body.node.add(op_type="Relu", input=["v"], output=["w"], name="/w")
    body.output.add(name="again")
    body.output.add(name="w")
    builder.outputs(y="f32[n,8]")
    return builder


@case(5, "--limit")
def graphs_in_graphs_up_to_the_limit_of_messages(path):
    builder = model(path, c="bool[]")
    graph = builder.model.graph
    for i in range(40):
        attribute = graph.node.add(op_type="If", input=["c"], output=[f"y{i}"],
                                   name=f"/if{i}").attribute.add(name="then_branch", type=5)
        graph = attribute.g
        graph.output.add(name="y0")
    builder.outputs(y="f32[n,8]")
    return builder
