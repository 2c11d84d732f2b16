func.func @main(%x: tensor<?x8xf32> {rt.name = "x", rt.dim_names = ["rows", ""]},
                %i: tensor<?xi64> {rt.name = "i", rt.dim_names = ["a"]},
                %j: tensor<?xi64> {rt.name = "j", rt.dim_names = ["b"]},
                %k: tensor<?x8xi64> {rt.name = "k", rt.dim_names = ["c", ""]},
                %l: tensor<?x8xi64> {rt.name = "l", rt.dim_names = ["d", ""]})
    -> (tensor<?x8xf32> {rt.name = "first"}, tensor<?x8xf32> {rt.name = "second"},
        tensor<?x8xf32> {rt.name = "elements"}, tensor<?x8xf32> {rt.name = "update"}) attributes {rt.entry} {
  %0 = onnx.gather %x, %i {axis = 0 : i64} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32> loc("first")
  %1 = onnx.gather %x, %j {axis = 0 : i64} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32> loc("second")
  %2 = onnx.gather_elements %x, %k {axis = 0 : i64} : (tensor<?x8xf32>, tensor<?x8xi64>) -> tensor<?x8xf32> loc("elements")
  %3 = onnx.cast %l : (tensor<?x8xi64>) -> tensor<?x8xf32>
  %4 = onnx.scatter_elements %x, %l, %3 {axis = 0 : i64} : (tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32> loc("update")
  return %0, %1, %2, %4 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
