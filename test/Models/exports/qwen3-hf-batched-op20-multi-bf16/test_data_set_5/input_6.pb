
B%input.past_key_values.layers.1.valuesJPù¿
>6¿þ?z¿@E¾Ý?ç¿Ç>Ç>…¿¯¿(?×¾»?°??[?Â¾>¿Ë¿H?P>L>R½Ë?R??Ö¾Æ¿˜¿2¿7¿à>ã¾ ½‡¾á?¢¾