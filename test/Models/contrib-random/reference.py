# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The meaning of a case's graph in NumPy: f64, rounded to the case's type after each node on demand.

Also tells which rows of the result two right implementations may not agree on.
"""
import numpy as np

from graph import widen

# Logits of a chain closer than this, relative to the row's largest, may come in another order elsewhere.
LOGIT_GAP = {"f32": 1e-4, "f16": 2.0**-7, "bf16": 2.0**-5}
# Probabilities of logits that are given, likewise; smaller ones than the second leave no trace in a sum.
PROBABILITY_GAP, PROBABILITY_FLOOR = 1e-5, 1e-30


def rounded(values, dtype):
    if dtype == "f16":
        return values.astype(np.float16).astype(np.float64)
    if dtype == "bf16":
        bits = values.astype(np.float32).view(np.uint32)
        even = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
        return np.where(np.isfinite(values), even.astype(np.uint32).view(np.float32), values).astype(np.float64)
    return values


def array(tensor):
    wide = widen(tensor)
    return np.frombuffer(wide.data, np.int64 if tensor.dtype == "i64" else np.float32).reshape(tensor.shape).astype(
        np.int64 if tensor.dtype == "i64" else np.float64)


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def plain_activation(name, x):
    if name == "relu":
        return np.maximum(x, 0)
    if name == "gelu":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * sigmoid(x) if name == "silu" else x


class Reference:
    """A run of a case; `highest` prefers the highest id among equals, as ONNX Runtime's CPU provider does."""

    def __init__(self, case, highest, rounds=True):
        self.case, self.highest, self.rounds = case, highest, rounds
        self.values = {name: array(t) for name, t in {**case.graph.inputs, **case.graph.weights}.items()}
        self.dtypes = {name: t.dtype for name, t in {**case.graph.inputs, **case.graph.weights}.items()}
        self.unsure = np.zeros(case.tokens, bool)  # another choice of experts is as right
        self.tied = np.zeros(case.tokens, bool)  # the choice depends on what wins among equals
        self.choices = []  # per layer [tokens, k], ascending
        self.twins = None  # per column of the last router the first equal one; None: equal logits are meant to be

        with np.errstate(all="ignore"):
            self.result = self.run()  # [tokens, hidden]

    def run(self):
        for node in self.case.graph.nodes:
            out = node.outputs[0]
            dtype = {1: "f32", 10: "f16", 16: "bf16"}[node.attributes["to"]] if node.op == "Cast" else self.dtypes[
                node.inputs[0]]
            inputs = [self.values.get(name) for name in node.inputs]
            result = getattr(self, node.op)(node.attributes, *inputs)
            self.values[out], self.dtypes[out] = rounded(result, dtype) if self.rounds else result, dtype
        return self.values["y"].reshape(self.case.tokens, self.case.hidden)

    def Cast(self, attributes, x):
        return x

    def Transpose(self, attributes, x):
        return x.transpose(attributes["perm"])

    def Reshape(self, attributes, x, shape):
        return x.reshape(-1, shape[1])

    def Add(self, attributes, a, b):
        return a + b

    def Mul(self, attributes, a, b):
        return a * b

    def Div(self, attributes, a, b):
        return a / b

    def Pow(self, attributes, a, b):
        return a**b

    def Sqrt(self, attributes, a):
        return np.sqrt(a)

    def ReduceMean(self, attributes, a, axes):
        return a.mean(-1, keepdims=True)

    def RMSNormalization(self, attributes, x, scale):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + attributes["epsilon"]) * scale

    def LayerNormalization(self, attributes, x, scale, shift=0):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + attributes["epsilon"]) * scale + shift

    def MatMul(self, attributes, x, w):
        columns = [w[:, e].tobytes() for e in range(w.shape[1])]
        self.twins = np.array([columns.index(c) for c in columns])
        return (x @ w)[..., self.twins]

    def MoE(self, attributes, x, z, w1, b1, w2, b2=None, w3=None, b3=None):
        if w1 is None or w2 is None:
            raise ValueError("a layer without weights")
        shape, x, experts = x.shape, x.reshape(-1, x.shape[-1]), z.shape[1]
        k = attributes.get("k", 1)
        p = np.exp(z - z.max(1, keepdims=True)) if len(z) else z
        p = p / p.sum(1, keepdims=True)
        ids = np.arange(experts)
        order = np.array([np.lexsort((-ids if self.highest else ids, -row)) for row in p], int).reshape(-1, experts)
        chosen = order[:, :k]
        self.choices.append(np.sort(chosen, 1))
        self.judge(z, p, order, k)
        weights = np.take_along_axis(p, chosen, 1)
        if attributes.get("normalize_routing_weights") == 1:
            weights = weights / weights.sum(1, keepdims=True)
        result = np.zeros((len(x), w2.shape[1]))
        for e in range(experts):
            rows, slots = np.nonzero(chosen == e)
            if len(rows):
                h = self.hidden(attributes, x[rows], *[None if t is None else t[e] for t in (w1, b1, w3, b3)])
                y = h @ w2[e].T + (0 if b2 is None else b2[e])
                np.add.at(result, rows, weights[rows, slots][:, None] * y)
        return result.reshape(shape[:-1] + w2.shape[1:2])

    @staticmethod
    def hidden(attributes, x, w1, b1, w3, b3):
        activation = attributes.get("activation_type", "relu")
        h = x @ w1.T + (0 if b1 is None else b1)
        up = None if w3 is None else x @ w3.T + (0 if b3 is None else b3)
        if activation != "swiglu":
            h = plain_activation(activation, h)
            return h if up is None else h * up
        if up is None:
            half = h.shape[1] // 2
            h, up = (h[:, :half], h[:, half:]) if attributes.get("swiglu_fusion") == 2 else (h[:, 0::2], h[:, 1::2])
        limit = attributes.get("swiglu_limit", np.inf)
        h, up = np.minimum(h, limit), np.clip(up, -limit, limit)
        return h * sigmoid(attributes.get("activation_alpha", 1.0) * h) * (up + attributes.get("activation_beta", 0.0))

    def judge(self, z, p, order, k):
        """Marks rows by what lies between the experts that are chosen and those that are not."""
        ids = np.arange(z.shape[1])
        for row in range(len(z)):
            scale = max(1e-30, np.abs(z[row][np.isfinite(z[row])]).max())
            inside, outside = order[row, :k], order[row, k:]
            for e in inside:
                if not len(outside) or p[row, e] < PROBABILITY_FLOOR:
                    continue
                if self.twins is None:
                    same = z[row, outside] == z[row, e]
                    close = p[row, e] - p[row, outside] < PROBABILITY_GAP * p[row, e]
                else:
                    same = self.twins[outside] == self.twins[e]
                    close = z[row, e] - z[row, outside] < LOGIT_GAP[self.case.dtype] * scale
                self.tied[row] |= bool(same.any())
                self.unsure[row] |= bool((close & ~same).any())

    def differs(self, other):
        """The rows that `other` sends to other experts."""
        rows = np.zeros(self.case.tokens, bool)
        for mine, its in zip(self.choices, other.choices):
            rows |= (mine != its).any(1)
        return rows
