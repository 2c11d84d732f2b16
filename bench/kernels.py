# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a decoder consists of beside its products with weights, one small model each.

Tensors are larger than caches where a prefill's are, so that their roof is that of memory."""
import numpy as np
from onnx import TensorProto, helper

from cases import Work
from models import ExternalData, save

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Kernel:
    """Nodes between inputs of fixed shapes; `work` is (bytes of weights read, bytes of the rest, operations)."""
    is_kernel, exposes_routing, output, cells = True, False, "y", [""]

    def __init__(self, name, nodes, inputs, result, operations, weights=None, integers=None, read=None):
        self.name, self.nodes, self.shapes, self.result = name, nodes, inputs, result
        self.operations, self.weights, self.integers, self.read = operations, weights or {}, integers or {}, read

    def make(self, folder, rng):
        data = ExternalData(folder, rng)
        initializers = [data.add(name, shape, 1) for name, shape in self.weights.items()]
        data.file.close()
        values = [helper.make_tensor_value_info(name, INT64 if name in self.integers else FLOAT, shape)
                  for name, shape in self.shapes.items()]
        dtype, shape = self.result
        graph = helper.make_graph(self.nodes, self.name, values, [helper.make_tensor_value_info("y", dtype, shape)],
                                  initializers)
        return save(graph, folder, 24)

    def describe(self, cell):
        return "x".join(map(str, next(iter(self.shapes.values()))))

    def inputs(self, cell, rng):
        return {name: rng.integers(0, self.integers[name], shape) if name in self.integers
                else rng.standard_normal(shape, dtype=np.float32) for name, shape in self.shapes.items()}

    def work(self, cell, inputs, offsets):
        size = self.read
        if size is None:
            size = sum(array.nbytes for array in inputs.values())
            size += sum(4 * int(np.prod(shape)) for shape in self.weights.values())
        dtype, shape = self.result
        return Work(0, size + (8 if dtype == INT64 else 4) * int(np.prod(shape)), self.operations)


def attention(name, queries, keys, heads, kv_heads, head):
    """Causal where there are as many queries as keys; one query sees all."""
    causal = queries == keys
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], is_causal=int(causal))
    pairs = queries * (queries + 1) // 2 if causal else queries * keys
    return Kernel(name, [node], {"q": [1, heads, queries, head], "k": [1, kv_heads, keys, head],
                                 "v": [1, kv_heads, keys, head]},
                  (FLOAT, [1, heads, queries, head]), 4 * heads * head * pairs)


def make_kernels():
    rows = [2048, 4096]
    elements = rows[0] * rows[1]

    def along_rows(name, operator, operations, weights=None, **attributes):
        node = helper.make_node(operator, ["x", *(weights or {})], ["y"], **attributes)
        return Kernel(name, [node], {"x": rows}, (FLOAT, rows), operations * elements, weights)

    heads, length, head = 32, 2048, 128
    table = [length, head // 2]
    rotary = Kernel("rotary", [helper.make_node("RotaryEmbedding", ["x", "cos", "sin", "at"], ["y"])],
                    {"x": [1, heads, length, head], "at": [1, length]}, (FLOAT, [1, heads, length, head]),
                    3 * heads * length * head, {"cos": table, "sin": table}, {"at": length})
    silu = Kernel("silu", [helper.make_node("Sigmoid", ["x"], ["s"]), helper.make_node("Mul", ["x", "s"], ["y"])],
                  {"x": rows}, (FLOAT, rows), 4 * elements)
    vocabulary, width, tokens = 128000, 1024, 2048
    embedding = Kernel("embedding", [helper.make_node("Gather", ["table", "x"], ["y"])], {"x": [1, tokens]},
                       (FLOAT, [1, tokens, width]), 0, {"table": [vocabulary, width]}, {"x": vocabulary},
                       read=tokens * (8 + 4 * width))

    def greedy(size):
        return Kernel(f"argmax-{size // 1000}k", [helper.make_node("ArgMax", ["x"], ["y"], axis=-1, keepdims=0)],
                      {"x": [16, size]}, (INT64, [16]), 16 * size)

    def best(name, count, size, k):
        from onnx import numpy_helper
        number = helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(np.array([k], np.int64)))
        return Kernel(name, [number, helper.make_node("TopK", ["x", "k"], ["y", "at"], axis=-1)],
                      {"x": [count, size]}, (FLOAT, [count, k]), count * size)

    logits = [16, 32000]
    probabilities = Kernel("softmax-32k", [helper.make_node("Softmax", ["x"], ["y"], axis=-1)], {"x": logits},
                           (FLOAT, logits), 5 * logits[0] * logits[1])

    cases = [attention("attention-512x64", 512, 512, 16, 4, 64), attention("attention-512x128", 512, 512, 16, 4, 128),
             attention("attention-decode-64", 1, 4096, 16, 4, 64), attention("attention-decode-128", 1, 4096, 16, 4, 128),
             along_rows("rms-norm", "RMSNormalization", 4, {"w": [rows[1]]}, axis=-1),
             along_rows("layer-norm", "LayerNormalization", 8, {"w": [rows[1]], "b": [rows[1]]}, axis=-1),
             rotary, along_rows("softmax", "Softmax", 5, axis=-1), probabilities, along_rows("gelu", "Gelu", 10),
             along_rows("gelu-tanh", "Gelu", 10, approximate="tanh"), silu, greedy(32000), greedy(128000),
             best("topk-32k", 16, 32000, 50), best("topk-128k", 16, 128000, 50), best("topk-one-152k", 1, 151936, 50),
             best("router-2-of-8", 1024, 8, 2), best("router-8-of-128", 1024, 128, 8), embedding]
    return {case.name: case for case in cases}
