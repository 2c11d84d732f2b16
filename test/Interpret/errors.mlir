// Wrong data are located errors, never a crash.
// RUN: moec run --interpret --verify-diagnostics %s

func.func @given_id() -> tensor<1x2xi32> {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  %ids = arith.constant dense<[[0, 4]]> : tensor<1x2xi32>
  // expected-error @+1 {{'moe.route' op ids[0, 1] is 4, no id of 4 experts}}
  %i, %w = moe.route %z ids(%ids : tensor<1x2xi32>) {k = 2, select = #moe.select<given>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i : tensor<1x2xi32>
}

func.func @token_id() -> tensor<1x2xi32> {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  %table = arith.constant dense<0> : tensor<3x2xi32>
  %tokens = arith.constant dense<3> : tensor<1xi32>
  // expected-error @+1 {{'moe.route' op token_ids[0] is 3, outside the table's 3 rows}}
  %i, %w = moe.route %z table(%table : tensor<3x2xi32>) token_ids(%tokens : tensor<1xi32>) {k = 2, select = #moe.select<table>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i : tensor<1x2xi32>
}

func.func @table_id() -> tensor<1x2xi32> {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  %table = arith.constant dense<[[0, 1], [-2, 0]]> : tensor<2x2xi32>
  %tokens = arith.constant dense<1> : tensor<1xi32>
  // expected-error @+1 {{'moe.route' op table[1, 0] is -2, no id of 4 experts}}
  %i, %w = moe.route %z table(%table : tensor<2x2xi32>) token_ids(%tokens : tensor<1xi32>) {k = 2, select = #moe.select<table>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i : tensor<1x2xi32>
}

func.func @too_few_experts() -> tensor<2x3xi32> {
  %z = arith.constant dense<0.0> : tensor<2x2xf32>
  %d = tensor.cast %z : tensor<2x2xf32> to tensor<?x?xf32>
  // expected-error @+1 {{'moe.route' op cannot choose k = 3 of 2 experts}}
  %i, %w = moe.route %d {k = 3} : tensor<?x?xf32> -> tensor<2x3xi32>, tensor<2x3xf32>
  return %i : tensor<2x3xi32>
}

func.func @dense_needs_all() -> tensor<2x1xi32> {
  %z = arith.constant dense<0.0> : tensor<2x2xf32>
  %d = tensor.cast %z : tensor<2x2xf32> to tensor<2x?xf32>
  // expected-error @+1 {{'moe.route' op cannot choose k = 1 of 2 experts}}
  %i, %w = moe.route %d {k = 1, select = #moe.select<dense>} : tensor<2x?xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  return %i : tensor<2x1xi32>
}

func.func @uneven_groups() -> tensor<2x1xi32> {
  %z = arith.constant dense<0.0> : tensor<2x3xf32>
  %d = tensor.cast %z : tensor<2x3xf32> to tensor<2x?xf32>
  // expected-error @+1 {{'moe.route' op expects groups of equal size, got 3 experts in 2 groups}}
  %i, %w = moe.route %d {k = 1, groups = #moe.groups<n = 2, keep = 1>} : tensor<2x?xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  return %i : tensor<2x1xi32>
}

func.func @small_groups() -> tensor<2x1xi32> {
  %z = arith.constant dense<0.0> : tensor<2x2xf32>
  %d = tensor.cast %z : tensor<2x2xf32> to tensor<2x?xf32>
  // expected-error @+1 {{'moe.route' op expects at least 2 experts per group for top2_sum, got 1}}
  %i, %w = moe.route %d {k = 1, groups = #moe.groups<n = 2, keep = 1, reduce = top2_sum>}
    : tensor<2x?xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  return %i : tensor<2x1xi32>
}

func.func @too_many_each() -> tensor<2x2xi32> {
  %z = arith.constant dense<0.0> : tensor<2x2xf32>
  %d = tensor.cast %z : tensor<2x2xf32> to tensor<2x?xf32>
  // expected-error @+1 {{'moe.route' op expects each <= experts per group, got each = 2 of 1}}
  %i, %w = moe.route %d {k = 2, groups = #moe.groups<n = 2, keep = 1, each = 2>}
    : tensor<2x?xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %i : tensor<2x2xi32>
}

func.func @too_few_kept() -> tensor<2x2xi32> {
  %z = arith.constant dense<0.0> : tensor<2x2xf32>
  %d = tensor.cast %z : tensor<2x2xf32> to tensor<2x?xf32>
  // expected-error @+1 {{'moe.route' op expects k <= experts in kept groups, got k = 2 of 1}}
  %i, %w = moe.route %d {k = 2, groups = #moe.groups<n = 2, keep = 1>}
    : tensor<2x?xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %i : tensor<2x2xi32>
}

func.func @noise_shape() -> tensor<2x1xi32> {
  %z = arith.constant dense<0.0> : tensor<2x2xf32>
  %n = arith.constant dense<0.0> : tensor<3x2xf32>
  %d = tensor.cast %n : tensor<3x2xf32> to tensor<?x2xf32>
  // expected-error @+1 {{'moe.route' op expects noise to be tensor<2x2xf32> at run time, got tensor<3x2xf32>}}
  %i, %w = moe.route %z noise(%d : tensor<?x2xf32>) {k = 1} : tensor<2x2xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  return %i : tensor<2x1xi32>
}

func.func @assign_id() -> tensor<2xi32> {
  %ids = arith.constant dense<[[0], [2]]> : tensor<2x1xi32>
  // expected-error @+1 {{'moe.assign' op ids[1, 0] is 2, no id of 2 experts}}
  %s, %c = moe.assign %ids {experts = 2} : tensor<2x1xi32> -> tensor<2x1xi32>, tensor<2xi32>
  return %c : tensor<2xi32>
}

func.func @assign_experts() -> tensor<?xi32> {
  %ids = arith.constant dense<0> : tensor<2x1xi32>
  // expected-error @+1 {{'moe.assign' op has 1073741824 experts; the interpreter handles at most 16777216}}
  %s, %c = moe.assign %ids {experts = 1073741824} : tensor<2x1xi32> -> tensor<2x1xi32>, tensor<?xi32>
  return %c : tensor<?xi32>
}

func.func @dispatch_id() -> tensor<3xi32> {
  %x = arith.constant dense<0.0> : tensor<1x1xf32>
  %ids = arith.constant dense<[[-7]]> : tensor<1x1xi32>
  // expected-error @+1 {{'moe.dispatch' op ids[0, 0] is -7, no id of 2 experts}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 2}
    : tensor<1x1xf32>, tensor<1x1xi32> -> tensor<?x1xf32>, tensor<3xi32>, tensor<1x1xi32>
  return %o : tensor<3xi32>
}

func.func @dispatch_slot() -> tensor<3xi32> {
  %x = arith.constant dense<0.0> : tensor<1x1xf32>
  %ids = arith.constant dense<0> : tensor<1x1xi32>
  %slots = arith.constant dense<-2> : tensor<1x1xi32>
  // expected-error @+1 {{'moe.dispatch' op slots[0, 0] is -2; the only negative slot is -1, a dropped choice}}
  %r, %o, %p = moe.dispatch %x to %ids slots(%slots : tensor<1x1xi32>) {experts = 2}
    : tensor<1x1xf32>, tensor<1x1xi32> -> tensor<?x1xf32>, tensor<3xi32>, tensor<1x1xi32>
  return %o : tensor<3xi32>
}

func.func @dispatch_rows() -> tensor<3xi32> {
  %x = arith.constant dense<0.0> : tensor<1x1xf32>
  %ids = arith.constant dense<0> : tensor<1x1xi32>
  // expected-error @+1 {{'moe.dispatch' op result #0 is tensor<1x1xf32> at run time, which is no 'tensor<5x1xf32>'}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 2}
    : tensor<1x1xf32>, tensor<1x1xi32> -> tensor<5x1xf32>, tensor<3xi32>, tensor<1x1xi32>
  return %o : tensor<3xi32>
}

func.func @offsets_start() -> tensor<2x1xf32> {
  %x = arith.constant dense<0.0> : tensor<2x1xf32>
  %o = arith.constant dense<[1, 1, 2]> : tensor<3xi32>
  %w = arith.constant dense<0.0> : tensor<2x1x1xf32>
  // expected-error @+1 {{'moe.grouped_matmul' op expects offsets to start at 0, got 1}}
  %y = moe.grouped_matmul %x, %o, %w : tensor<2x1xf32>, tensor<3xi32>, tensor<2x1x1xf32> -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

func.func @offsets_descend() -> tensor<2x1xf32> {
  %x = arith.constant dense<0.0> : tensor<2x1xf32>
  %o = arith.constant dense<[0, 2, 1, 2]> : tensor<4xi32>
  %w = arith.constant dense<0.0> : tensor<3x1x1xf32>
  // expected-error @+1 {{'moe.grouped_matmul' op expects offsets that never descend, got 2 before 1 at expert 1}}
  %y = moe.grouped_matmul %x, %o, %w : tensor<2x1xf32>, tensor<4xi32>, tensor<3x1x1xf32> -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

func.func @offsets_end() -> tensor<2x1xf32> {
  %x = arith.constant dense<0.0> : tensor<2x1xf32>
  %o = arith.constant dense<[0, 1, 3]> : tensor<3xi32>
  %w = arith.constant dense<0.0> : tensor<2x1x1xf32>
  // expected-error @+1 {{'moe.expert' op expects offsets to end at the number of rows, 2, got 3}}
  %y = moe.expert %x, %o, %w, %w {activation = #moe.activation<relu>}
    : tensor<2x1xf32>, tensor<3xi32>, tensor<2x1x1xf32>, tensor<2x1x1xf32> -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

func.func @offsets_count() -> tensor<2x1xf32> {
  %x = arith.constant dense<0.0> : tensor<2x1xf32>
  %o = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
  %d = tensor.cast %o : tensor<3xi32> to tensor<?xi32>
  %w = arith.constant dense<0.0> : tensor<3x1x1xf32>
  // expected-error @+1 {{'moe.grouped_matmul' op expects 4 offsets for 3 experts at run time, got 3}}
  %y = moe.grouped_matmul %x, %d, %w : tensor<2x1xf32>, tensor<?xi32>, tensor<3x1x1xf32> -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

func.func @weights_shape() -> tensor<2x1xf32> {
  %x = arith.constant dense<0.0> : tensor<2x1xf32>
  %o = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<0.0> : tensor<1x3x1xf32>
  %d = tensor.cast %w1 : tensor<1x3x1xf32> to tensor<1x?x1xf32>
  %w2 = arith.constant dense<0.0> : tensor<1x1x2xf32>
  // expected-error @+1 {{'moe.expert' op expects w1 to be tensor<1x4x1xf32> at run time, got tensor<1x3x1xf32>}}
  %y = moe.expert %x, %o, %d, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<2x1xf32>, tensor<2xi32>, tensor<1x?x1xf32>, tensor<1x1x2xf32> -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

func.func @position() -> tensor<1x1xf32> {
  %x = arith.constant dense<0.0> : tensor<2x1xf32>
  %p = arith.constant dense<2> : tensor<1x1xi32>
  %w = arith.constant dense<1.0> : tensor<1x1xf32>
  // expected-error @+1 {{'moe.combine' op positions[0, 0] is 2, no row of 2}}
  %y = moe.combine %x at %p by %w : tensor<2x1xf32>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

func.func @kept_shape() -> tensor<2x1xf32> {
  %w = arith.constant dense<0.0> : tensor<2x1xf32>
  %s = arith.constant dense<0> : tensor<3x1xi32>
  %d = tensor.cast %s : tensor<3x1xi32> to tensor<?x1xi32>
  // expected-error @+1 {{'moe.renorm' op expects slots to be tensor<2x1xi32> at run time, got tensor<3x1xi32>}}
  %v = moe.renorm %w kept %d {by = #moe.renorm<>} : tensor<2x1xf32>, tensor<?x1xi32> -> tensor<2x1xf32>
  return %v : tensor<2x1xf32>
}

func.func @add_shapes() -> tensor<?xf32> {
  %a = arith.constant dense<0.0> : tensor<2xf32>
  %b = arith.constant dense<0.0> : tensor<3xf32>
  %c = tensor.cast %a : tensor<2xf32> to tensor<?xf32>
  %d = tensor.cast %b : tensor<3xf32> to tensor<?xf32>
  // expected-error @+1 {{'arith.addf' op expects operands to be tensor<2xf32> at run time, got tensor<3xf32>}}
  %e = arith.addf %c, %d : tensor<?xf32>
  return %e : tensor<?xf32>
}

func.func @cast() -> tensor<3xf32> {
  %a = arith.constant dense<0.0> : tensor<2xf32>
  %b = tensor.cast %a : tensor<2xf32> to tensor<?xf32>
  // expected-error @+1 {{'tensor.cast' op result #0 is tensor<2xf32> at run time, which is no 'tensor<3xf32>'}}
  %c = tensor.cast %b : tensor<?xf32> to tensor<3xf32>
  return %c : tensor<3xf32>
}

func.func @negative_size() -> tensor<?xf32> {
  %n = arith.constant -1 : index
  // expected-error @+1 {{'tensor.empty' op cannot allocate tensor<-1xf32>}}
  %a = tensor.empty(%n) : tensor<?xf32>
  return %a : tensor<?xf32>
}

func.func @huge() -> tensor<?x?x4xf32> {
  %n = arith.constant 4611686018427387904 : index
  // expected-error @+1 {{'tensor.empty' op cannot allocate tensor<4611686018427387904x4611686018427387904x4xf32>}}
  %a = tensor.empty(%n, %n) : tensor<?x?x4xf32>
  return %a : tensor<?x?x4xf32>
}

func.func @expand() -> tensor<?x2xf32> {
  %a = arith.constant dense<0.0> : tensor<3xf32>
  %b = tensor.cast %a : tensor<3xf32> to tensor<?xf32>
  %n = arith.constant 2 : index
  // expected-error @+1 {{'tensor.expand_shape' op cannot turn tensor<3xf32> into tensor<2x2xf32>}}
  %c = tensor.expand_shape %b [[0, 1]] output_shape [%n, 2] : tensor<?xf32> into tensor<?x2xf32>
  return %c : tensor<?x2xf32>
}

func.func @dim() -> index {
  %a = arith.constant dense<0.0> : tensor<3xf32>
  %one = arith.constant 1 : index
  %two = arith.addi %one, %one : index
  // expected-error @+1 {{'tensor.dim' op dimension 2 of a tensor of rank 1}}
  %d = tensor.dim %a, %two : tensor<3xf32>
  return %d : index
}

func.func @matmul_shapes() -> tensor<2x2xf32> {
  %a = arith.constant dense<0.0> : tensor<2x2xf32>
  %b = arith.constant dense<0.0> : tensor<3x2xf32>
  %d = tensor.cast %b : tensor<3x2xf32> to tensor<?x2xf32>
  // expected-error @+1 {{'linalg.matmul' op expects the second operand to be tensor<2x2xf32> at run time, got tensor<3x2xf32>}}
  %c = linalg.matmul ins(%a, %d : tensor<2x2xf32>, tensor<?x2xf32>) outs(%a : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %c : tensor<2x2xf32>
}

func.func @integer_matmul() -> tensor<2x2xi32> {
  %a = arith.constant dense<0> : tensor<2x2xi32>
  // expected-error @+1 {{'linalg.matmul' op on integers is not interpreted}}
  %c = linalg.matmul ins(%a, %a : tensor<2x2xi32>, tensor<2x2xi32>) outs(%a : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %c : tensor<2x2xi32>
}

func.func @integer_add() -> tensor<2xi32> {
  %a = arith.constant dense<0> : tensor<2xi32>
  // expected-error @+1 {{'linalg.add' op on integers is not interpreted}}
  %c = linalg.add ins(%a, %a : tensor<2xi32>, tensor<2xi32>) outs(%a : tensor<2xi32>) -> tensor<2xi32>
  return %c : tensor<2xi32>
}

func.func @matmul_maps() -> tensor<2x2xf32> {
  %a = arith.constant dense<0.0> : tensor<2x2xf32>
  // expected-error @+1 {{'linalg.matmul' op with indexing maps of its own is not interpreted}}
  %c = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%a, %a : tensor<2x2xf32>, tensor<2x2xf32>) outs(%a : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %c : tensor<2x2xf32>
}

func.func @resource() -> tensor<2xf32> {
  // expected-error @+1 {{'arith.constant' op only scalar and dense constants are interpreted}}
  %c = arith.constant dense_resource<data> : tensor<2xf32>
  return %c : tensor<2xf32>
}

func.func @sizes() -> tensor<?x?xf32> {
  %x = arith.constant dense<0.0> : tensor<4xf32>
  %d = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %n = arith.constant -2 : index
  // expected-error @+1 {{'tensor.expand_shape' op has a negative or too large size at run time}}
  %y = tensor.expand_shape %d [[0, 1]] output_shape [%n, %n] : tensor<?xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func private @endless() -> f32 {
  // expected-error @+1 {{'func.call' op is nested more than 64 calls deep}}
  %x = func.call @endless() : () -> f32
  return %x : f32
}
func.func @endless_call() -> f32 {
  %x = func.call @endless() : () -> f32
  return %x : f32
}

{-#
  dialect_resources: { builtin: { data: "0x040000000000803F00000040" } }
#-}

// Ops of models that are known in part.
func.func @pow() -> tensor<f32> {
  %x = onnx.constant dense<2.0> : tensor<f32>
  // expected-error @+1 {{'onnx.binary' op pow of f32 is not interpreted}}
  %y = onnx.binary pow %x, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func @batched_product() -> tensor<1x1x1xf32> {
  %x = onnx.constant dense<2.0> : tensor<1x1x1xf32>
  // expected-error @+1 {{'onnx.matmul' op is interpreted for reals and one matrix on the right}}
  %y = onnx.matmul %x, %x : (tensor<1x1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  return %y : tensor<1x1x1xf32>
}

func.func @cast_to_integers() -> tensor<1xi64> {
  %x = onnx.constant dense<2.0> : tensor<1xf32>
  // expected-error @+1 {{'onnx.cast' op from or to integers is not interpreted}}
  %y = onnx.cast %x : (tensor<1xf32>) -> tensor<1xi64>
  return %y : tensor<1xi64>
}

func.func @order_of_sizes() -> i1 {
  %x = arith.constant 1 : index
  // expected-error @+1 {{'arith.cmpi' op is interpreted for eq and ne}}
  %y = arith.cmpi slt, %x, %x : index
  return %y : i1
}

// Sizes that differ at run time only.
func.func private @hidden(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
  %y = tensor.cast %x : tensor<2x3xf32> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @no_broadcast() -> tensor<?x?xf32> {
  %x = arith.constant dense<2.0> : tensor<2x3xf32>
  %w = onnx.constant dense<2.0> : tensor<2x2xf32>
  %hidden = func.call @hidden(%x) : (tensor<2x3xf32>) -> tensor<?x?xf32>
  // expected-error @+1 {{'onnx.binary' op cannot broadcast sizes 3 and 2}}
  %y = onnx.binary add %hidden, %w : (tensor<?x?xf32>, tensor<2x2xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @wrong_depth() -> tensor<?x2xf32> {
  %x = arith.constant dense<2.0> : tensor<2x3xf32>
  %w = onnx.constant dense<2.0> : tensor<2x2xf32>
  %hidden = func.call @hidden(%x) : (tensor<2x3xf32>) -> tensor<?x?xf32>
  // expected-error @+1 {{'onnx.matmul' op multiplies rows of 3 with a matrix of 2 rows}}
  %y = onnx.matmul %hidden, %w : (tensor<?x?xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

func.func @too_long_scale() -> tensor<?x?xf32> {
  %x = arith.constant dense<2.0> : tensor<2x3xf32>
  %scale = onnx.constant dense<2.0> : tensor<2xf32>
  %hidden = func.call @hidden(%x) : (tensor<2x3xf32>) -> tensor<?x?xf32>
  // expected-error @+1 {{'onnx.rms_norm' op cannot broadcast sizes 3 and 2}}
  %y = onnx.rms_norm %hidden, %scale {axis = 1 : i64, epsilon = 3.5 : f32, stash = f32}
    : (tensor<?x?xf32>, tensor<2xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @wrong_reshape() -> tensor<?x4xf32> {
  %x = arith.constant dense<2.0> : tensor<2x3xf32>
  %shape = onnx.constant dense<[-1, 4]> : tensor<2xi64>
  %hidden = func.call @hidden(%x) : (tensor<2x3xf32>) -> tensor<?x?xf32>
  // expected-error @+1 {{'onnx.reshape' op cannot give 6 elements the shape tensor<1x4xf32>}}
  %y = onnx.reshape %hidden, %shape : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

func.func @refused() -> i1 {
  %x = arith.constant 1 : index
  %ok = arith.cmpi ne, %x, %x : index
  // expected-error @+1 {{MoE '/moe': one row per token}}
  rt.check %ok, invalid_argument, "MoE '/moe': one row per token"
  return %ok : i1
}

rt.weight @missing : tensor<1xf32> = #rt.file<"no-such-file.bin", 0, tensor<1xf32>>
func.func @missing_file() -> tensor<1xf32> {
  // expected-error @+1 {{no-such-file.bin}}
  %w = rt.get_weight @missing : tensor<1xf32>
  return %w : tensor<1xf32>
}
