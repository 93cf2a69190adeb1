/* SPDX-License-Identifier: MIT
 *
 * The least program. */
int main(void)
{
    return 0;
}
