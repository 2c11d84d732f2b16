// RUN: moe-opt %s -split-input-file -verify-diagnostics

func.func @dispatch_no_experts(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects at least one expert, got experts = 0}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 0}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @dispatch_ids(%x: tensor<4x16xf32>, %ids: tensor<5x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects dimension 0 of ids to be 4, got 5}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 8}
    : tensor<4x16xf32>, tensor<5x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @dispatch_slots(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>, %s: tensor<4x3xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects dimension 1 of slots to be 2, got 3}}
  %r, %o, %p = moe.dispatch %x to %ids slots(%s : tensor<4x3xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @dispatch_scale(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>, %s: tensor<3x2xf32>) {
  // expected-error @+1 {{'moe.dispatch' op expects dimension 0 of scale to be 4, got 3}}
  %r, %o, %p = moe.dispatch %x to %ids scale(%s : tensor<3x2xf32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @dispatch_positions(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects dimension 1 of positions to be 2, got 1}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x1xi32>
  return
}

// -----

func.func @dispatch_width(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects dimension 1 of rows to be 16, got 8}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x8xf32>, tensor<9xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @dispatch_offsets(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects the number of offsets (experts + 1) to be 9, got 8}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<8xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @dispatch_type(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.dispatch' op expects rows of the element type of x, 'f32', got 'f16'}}
  %r, %o, %p = moe.dispatch %x to %ids {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf16>, tensor<9xi32>, tensor<4x2xi32>
  return
}

// -----

func.func @grouped_offsets(%x: tensor<?x16xf32>, %o: tensor<8xi32>, %w: tensor<8x32x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects the number of offsets (experts + 1) to be 9, got 8}}
  %y = moe.grouped_matmul %x, %o, %w
    : tensor<?x16xf32>, tensor<8xi32>, tensor<8x32x16xf32> -> tensor<?x32xf32>
  return
}

// -----

func.func @grouped_input(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w: tensor<8x32x8xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects dimension 1 of rows to be 8, got 16}}
  %y = moe.grouped_matmul %x, %o, %w
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x8xf32> -> tensor<?x32xf32>
  return
}

// -----

func.func @grouped_rows(%x: tensor<4x16xf32>, %o: tensor<9xi32>, %w: tensor<8x32x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects dimension 0 of rows to be 5, got 4}}
  %y = moe.grouped_matmul %x, %o, %w
    : tensor<4x16xf32>, tensor<9xi32>, tensor<8x32x16xf32> -> tensor<5x32xf32>
  return
}

// -----

func.func @grouped_output(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w: tensor<8x32x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects dimension 1 of the result to be 32, got 31}}
  %y = moe.grouped_matmul %x, %o, %w
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32> -> tensor<?x31xf32>
  return
}

// -----

func.func @grouped_layout(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w: tensor<8x32x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects dimension 1 of rows to be 32, got 16}}
  %y = moe.grouped_matmul %x, %o, %w {layout = #moe.layout<in_out>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32> -> tensor<?x32xf32>
  return
}

// -----

func.func @grouped_bias(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w: tensor<8x32x16xf32>, %b: tensor<8x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects dimension 1 of bias to be 32, got 16}}
  %y = moe.grouped_matmul %x, %o, %w bias(%b : tensor<8x16xf32>)
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32> -> tensor<?x32xf32>
  return
}

// -----

func.func @expert_offsets(%x: tensor<?x16xf32>, %o: tensor<8xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the number of offsets (experts + 1) to be 9, got 8}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<8xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_count(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<4x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the number of experts of w2 to be 8, got 4}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<4x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_input(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x8xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the input size of w1 to be 16, got 8}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x8xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_b1(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>, %b: tensor<8x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects dimension 1 of b1 to be 64, got 32}}
  %y = moe.expert %x, %o, %w1, %w2 b1(%b : tensor<8x32xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_b2(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>, %b: tensor<8x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects dimension 1 of b2 to be 16, got 32}}
  %y = moe.expert %x, %o, %w1, %w2 b2(%b : tensor<8x32xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_result(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects dimension 1 of the result to be 16, got 8}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @expert_separate_without_up(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op gate = separate needs the operand 'up'}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_without_separate(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>, %u: tensor<8x32x16xf32>) {
  // expected-error @+1 {{'moe.expert' op operand 'up' has no effect without gate = separate}}
  %y = moe.expert %x, %o, %w1, %w2 up(%u : tensor<8x32x16xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_bias(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>, %u: tensor<8x32xf32>) {
  // expected-error @+1 {{'moe.expert' op operand 'up_bias' has no effect without gate = separate}}
  %y = moe.expert %x, %o, %w1, %w2 up_bias(%u : tensor<8x32xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_count(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>, %u: tensor<4x32x16xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the number of experts of up to be 8, got 4}}
  %y = moe.expert %x, %o, %w1, %w2 up(%u : tensor<4x32x16xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_input(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>, %u: tensor<8x32x8xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the input size of up to be 16, got 8}}
  %y = moe.expert %x, %o, %w1, %w2 up(%u : tensor<8x32x8xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_output(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>, %u: tensor<8x64x16xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the output size of up to be 32, got 64}}
  %y = moe.expert %x, %o, %w1, %w2 up(%u : tensor<8x64x16xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_bias_shape(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>, %u: tensor<8x32x16xf32>, %b: tensor<8x16xf32>) {
  // expected-error @+1 {{'moe.expert' op expects dimension 1 of up_bias to be 32, got 16}}
  %y = moe.expert %x, %o, %w1, %w2 up(%u : tensor<8x32x16xf32>) up_bias(%b : tensor<8x16xf32>) {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_half_fused(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op activation swiglu_half needs twice as many gate as up columns and expects gate = none or separate, got concat_gate_first}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<swiglu_half>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_inner(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the output size of w1 (2 times the input size of w2) to be 64, got 32}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_inner_half(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects the output size of w1 (2 times the input size of w2) to be 64, got 32}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<swiglu_half>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_clamp_without_gate(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x32x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op gate_max, up_abs and up_offset have no effect without a gate}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate_max = 7.0}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x32x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_alpha(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op alpha has no effect on activation relu}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<relu>, gate = #moe.gate<concat_gate_first>, alpha = 2.0}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_up_abs(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects up_abs >= 0, got -1.000000e+00}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>, up_abs = -1.0}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @expert_type(%x: tensor<?x16xf32>, %o: tensor<9xi32>, %w1: tensor<8x64x16xf32>, %w2: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'moe.expert' op expects a result of the element type of rows, 'f32', got 'f16'}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x16xf32>, tensor<9xi32>, tensor<8x64x16xf32>, tensor<8x16x32xf32> -> tensor<?x16xf16>
  return
}

// -----

func.func @combine_weights(%r: tensor<?x16xf32>, %p: tensor<4x2xi32>, %w: tensor<4x3xf32>) {
  // expected-error @+1 {{'moe.combine' op expects dimension 1 of weights to be 2, got 3}}
  %y = moe.combine %r at %p by %w
    : tensor<?x16xf32>, tensor<4x2xi32>, tensor<4x3xf32> -> tensor<4x16xf32>
  return
}

// -----

func.func @combine_result(%r: tensor<?x16xf32>, %p: tensor<4x2xi32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.combine' op expects dimension 0 of the result to be 4, got 5}}
  %y = moe.combine %r at %p by %w
    : tensor<?x16xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<5x16xf32>
  return
}

// -----

func.func @combine_passthrough(%r: tensor<?x16xf32>, %p: tensor<4x2xi32>, %w: tensor<4x2xf32>, %x: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.combine' op expects dimension 1 of passthrough to be 16, got 8}}
  %y = moe.combine %r at %p by %w passthrough(%x : tensor<4x8xf32>)
    : tensor<?x16xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x16xf32>
  return
}

// -----

func.func @combine_term(%r: tensor<?x16xf32>, %p: tensor<4x2xi32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.combine' op expects term_type and accumulator to be f16, bf16, f32 or f64, got 'i32'}}
  %y = moe.combine %r at %p by %w {term_type = i32}
    : tensor<?x16xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x16xf32>
  return
}

// -----

func.func @combine_accumulator(%r: tensor<?x16xf32>, %p: tensor<4x2xi32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.combine' op expects term_type and accumulator to be f16, bf16, f32 or f64, got 'f8E4M3FN'}}
  %y = moe.combine %r at %p by %w {accumulator = f8E4M3FN}
    : tensor<?x16xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x16xf32>
  return
}

// -----

func.func @parts(%r: tensor<?x16xf32>, %o: tensor<17xi32>, %w: tensor<4x30x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op has 30 columns, which do not divide into 4 parts}}
  %y = moe.grouped_matmul %r, %o, %w {parts = 4} : tensor<?x16xf32>, tensor<17xi32>, tensor<4x30x16xf32> -> tensor<?x7xf32>
  return
}

// -----

func.func @part_ranges(%r: tensor<?x16xf32>, %o: tensor<5xi32>, %w: tensor<4x30x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects the number of offsets (experts + 1) to be 9, got 5}}
  %y = moe.grouped_matmul %r, %o, %w {parts = 2} : tensor<?x16xf32>, tensor<5xi32>, tensor<4x30x16xf32> -> tensor<?x15xf32>
  return
}

// -----

func.func @part_columns(%r: tensor<?x16xf32>, %o: tensor<9xi32>, %w: tensor<4x30x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects dimension 1 of the result to be 15, got 30}}
  %y = moe.grouped_matmul %r, %o, %w {parts = 2} : tensor<?x16xf32>, tensor<9xi32>, tensor<4x30x16xf32> -> tensor<?x30xf32>
  return
}

// -----

func.func @no_parts(%r: tensor<?x16xf32>, %o: tensor<9xi32>, %w: tensor<4x30x16xf32>) {
  // expected-error @+1 {{attribute 'parts' failed to satisfy constraint}}
  %y = moe.grouped_matmul %r, %o, %w {parts = 0} : tensor<?x16xf32>, tensor<9xi32>, tensor<4x30x16xf32> -> tensor<?x30xf32>
  return
}

// -----

func.func @hidden_columns(%r: tensor<?x16xf32>, %o: tensor<5xi32>, %w: tensor<4x30x16xf32>) {
  // expected-error @+1 {{'moe.expert_hidden' op expects dimension 1 of the result to be 15, got 30}}
  %h = moe.expert_hidden %r, %o, %w {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>} : tensor<?x16xf32>, tensor<5xi32>, tensor<4x30x16xf32> -> tensor<?x30xf32>
  return
}

// -----

func.func @hidden_odd(%r: tensor<?x16xf32>, %o: tensor<5xi32>, %w: tensor<4x31x16xf32>) {
  // expected-error @+1 {{'moe.expert_hidden' op expects the output size of w1 (2 times the inner size) to be 30, got 31}}
  %h = moe.expert_hidden %r, %o, %w {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>} : tensor<?x16xf32>, tensor<5xi32>, tensor<4x31x16xf32> -> tensor<?x15xf32>
  return
}

// -----

func.func @hidden_up(%r: tensor<?x16xf32>, %o: tensor<5xi32>, %w: tensor<4x30x16xf32>) {
  // expected-error @+1 {{'moe.expert_hidden' op gate = separate needs the operand 'up'}}
  %h = moe.expert_hidden %r, %o, %w {activation = #moe.activation<silu>, gate = #moe.gate<separate>} : tensor<?x16xf32>, tensor<5xi32>, tensor<4x30x16xf32> -> tensor<?x30xf32>
  return
}

// -----

func.func @too_many_parts(%r: tensor<?x16xf32>, %o: tensor<1xi32>, %w: tensor<4x0x16xf32>) {
  // expected-error @+1 {{'moe.grouped_matmul' op expects at most 1048576 parts, got 4611686018427387904}}
  %y = moe.grouped_matmul %r, %o, %w {parts = 4611686018427387904} : tensor<?x16xf32>, tensor<1xi32>, tensor<4x0x16xf32> -> tensor<?x0xf32>
  return
}
